import { host } from '@libvisor/abi'
import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { ProcessFacts } from '@libvisor/fs'
import { processState } from '@libvisor/process'
import type { NamespaceSpec } from '../config/guest-spec.ts'

const NS_PER_SECOND = 1e9

/**
 * What `/proc` of a guest says of its process: the same as `process` does.
 *
 * @param ns - the guest's namespace
 * @param spec - what it was made of
 * @returns the facts; each is asked for when somebody looks
 */
export function processFactsOf(ns: Namespace, spec: NamespaceSpec): ProcessFacts {
  const state = ns.get(processState)
  const clock = ns.get(slots.clock)
  const { startedNs = clock.monotonicNs() } = clock
  // Before a guest can change it.
  const environment = { ...spec.env }
  const { memoryUsage, cpuUsage } = host.process
  return {
    commandLine: () => [state.argv0, ...state.execArgv, ...state.argv.slice(1)],
    environment: () => environment,
    executable: () => state.execPath,
    title: () => state.title ?? host.process.title,
    uptime: () => Number(clock.monotonicNs() - startedNs) / NS_PER_SECOND,
    residentBytes: () => memoryUsage.rss(),
    cpu: () => cpuUsage(),
  }
}
