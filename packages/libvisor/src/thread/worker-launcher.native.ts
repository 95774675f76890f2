import { defineProperty, original } from '@libvisor/abi'
import { slots, unsupported } from '@libvisor/core'
import type { WorkerOptions } from 'node:worker_threads'
import type { WorkerLauncher } from '@libvisor/process'
import { processState } from '@libvisor/process'
import type { FurnishedNamespace } from '../guest/furnish.ts'
import { preloadArgv } from './preload-argv.ts'
import { putIntoWorkerData } from './envelope.ts'
import { createThreadStdio } from './thread-stdio.ts'
import { shareNetwork } from './worker-network.ts'

/** Refuses workers of workers: the thread that has the files is another one than the one that makes the worker. */
export const refuseWorkers: WorkerLauncher = () => {
  throw unsupported('new Worker() in a worker')
}

/**
 * Makes what starts the workers of a guest: each boots libvisor before the guest's code, whatever `env`, `execArgv` and
 * `argv` the guest passes, and works on the files and the network of the thread that made it.
 *
 * @param guest - the namespace to inherit
 * @returns the launcher
 */
export function createWorkerLauncher(
  guest: Pick<FurnishedNamespace, 'files' | 'spec' | 'whenNetworked'>,
): WorkerLauncher {
  const { spec } = guest
  return (ns, filename, asked, refused = []) => {
    const { MessageChannel } = original('worker_threads')
    const { port1, port2 } = new MessageChannel()
    const identity = ns.get(slots.identity)
    const served = guest.files().serve(port1, { identity, stdio: createThreadStdio() })
    const network = shareNetwork(ns, guest)
    const { env, execArgv: inherited } = ns.get(processState)
    if (typeof asked.env === 'symbol' && env['NODE_OPTIONS'] !== undefined) {
      throw unsupported('new Worker() with SHARE_ENV and NODE_OPTIONS', 'Node loads what they name before all else')
    }
    const [nodeOptions, ownEnv] = takeNodeOptions(asked.env ?? env)
    const execArgv = asked.execArgv || inherited
    const envelope = putIntoWorkerData({
      kind: 'worker',
      // Its files are those of this thread, which also has the mounts that no other one can have.
      namespace: {
        ...spec,
        mounts: {},
        // What it listens on is published with the ports of this thread.
        publish: [],
        publishAll: false,
        // A worker is of the same process.
        time: { ...spec.time, startedNs: ns.get(slots.clock).startedNs },
        cwd: identity.cwd,
        uid: identity.uid,
        gid: identity.gid,
        umask: identity.umask,
      },
      files: { port: port2, memory: served.memory },
      network,
      execArgv,
      nodeOptions,
      data: asked.workerData,
    })
    return [
      filename,
      {
        ...asked,
        env: ownEnv,
        // First, since Node loads what --require names in this order.
        execArgv: join(preloadArgv, execArgv, execArgv === inherited ? refused : []),
        workerData: envelope,
        transferList: join([port2, network.port], asked.transferList ?? []),
      },
    ]
  }
}

/**
 * Takes NODE_OPTIONS out of an environment: Node would load what it names before all else. The worker's own code puts it
 * back.
 */
function takeNodeOptions(env: WorkerOptions['env']): [nodeOptions: string | undefined, env: WorkerOptions['env']] {
  if (typeof env !== 'object' || env === null) return [undefined, env]
  const { NODE_OPTIONS: nodeOptions, ...rest } = env
  return [nodeOptions === undefined ? undefined : `${nodeOptions}`, rest]
}

/**
 * Puts one list behind another, without some of its items. A guest may have changed how arrays are iterated, and what
 * they inherit.
 */
function join<Item>(first: readonly Item[], second: readonly Item[], without: readonly Item[] = []): Item[] {
  const all: Item[] = []
  const add = (value: Item): void => {
    defineProperty(all, all.length, { value, writable: true, enumerable: true, configurable: true })
  }
  for (let i = 0; i < first.length; i++) add(first[i]!)
  for (let i = 0; i < second.length; i++) {
    const item = second[i]!
    if (!isAmong(item, without)) add(item)
  }
  return all
}

function isAmong<Item>(item: Item, list: readonly Item[]): boolean {
  for (let i = 0; i < list.length; i++) if (list[i] === item) return true
  return false
}
