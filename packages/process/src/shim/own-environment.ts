import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { hostEnv } from '../originals.native.ts'
import { processState } from '../state/process-state.ts'

function replaceAll(env: NodeJS.ProcessEnv, variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) if (!Object.hasOwn(variables, name)) delete env[name]
  for (const name of Object.keys(variables)) if (env[name] !== variables[name]) env[name] = variables[name]
}

/**
 * Makes Node's own environment that of the namespace, to which the whole realm belongs. No proxy can be cloned, tell
 * the engine of a new `TZ`, or be what `new Worker()` compares with; the real object can.
 *
 * @param ns - the namespace; its state has the real object from now on
 * @returns puts the host's variables back
 */
export function adoptEnvironment(ns: Namespace): () => void {
  const state = ns.get(processState)
  const zone = ns.find(slots.clock)?.zone
  // Whoever started the process has filled it already.
  if (state.env === hostEnv && zone === undefined) return () => {}
  const before = { ...hostEnv }
  const variables = { ...state.env }
  // The engine follows it, and a container shows it too.
  if (zone !== undefined) variables['TZ'] ??= zone
  replaceAll(hostEnv, variables)
  state.env = hostEnv
  return () => replaceAll(hostEnv, before)
}
