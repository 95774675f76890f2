import type * as workerThreads from 'node:worker_threads'
import { apply } from '@libvisor/abi'
import type { CurrentNamespace, Realm } from '@libvisor/core'
import { followReferences, holdUntilOver } from './lifeline.ts'

/**
 * Has a port that somebody listens to keep its guest alive, as natively it keeps the event loop, and closes what a guest leaves
 * open. Node references a port with its first listener.
 *
 * @param exports - of `worker_threads`
 * @param realm - a realm that namespaces share
 * @param current - answers for whom a call is made
 */
export function hookMessagePorts(exports: typeof workerThreads, realm: Realm, current: CurrentNamespace): void {
  const { prototype } = exports.MessagePort
  const { close } = prototype
  followReferences(realm.patches, prototype, (port) => {
    const ns = current()
    if (ns !== undefined) holdUntilOver(ns, port, { over: 'close', end: () => apply(close, port, []) })
  })
}
