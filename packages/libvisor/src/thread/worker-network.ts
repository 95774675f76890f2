import { original } from '@libvisor/abi'
import { perNamespace } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack, RESERVATION_BYTES, reservePorts } from '@libvisor/net'
import type { StackAttachment } from '@libvisor/net'
import { loadNet } from '../areas/load-area.native.ts'
import type { FurnishedNamespace } from '../guest/furnish.ts'

/** The thread that has the stack is the first. A number is used again after as many workers as fit in a byte. */
const FIRST_WORKER = 2
const WORKERS = 254

const sharedOf = perNamespace(() => ({ reservations: new SharedArrayBuffer(RESERVATION_BYTES), workers: 0 }))

/**
 * Gives a worker a part in the network of its guest. The network is loaded when one of its threads first needs it.
 *
 * @param ns - the guest
 * @param guest - tells when it has a network
 * @returns what the worker needs, with a port to be transferred
 */
export function shareNetwork(ns: Namespace, guest: Pick<FurnishedNamespace, 'whenNetworked'>): StackAttachment {
  const shared = sharedOf(ns)
  const { reservations } = shared
  if (shared.workers === 0) guest.whenNetworked((stack) => stack.share(reservePorts(reservations, 1)))
  const thread = FIRST_WORKER + (shared.workers++ % WORKERS)
  const { MessageChannel, receiveMessageOnPort } = original('worker_threads')
  const { port1, port2 } = new MessageChannel()
  let receive: ReturnType<ReturnType<typeof loadNet>['serveStack']> | undefined
  const hear = (message: Parameters<NonNullable<typeof receive>>[0]): void => {
    receive ??= loadNet().serveStack(ns.get(netStack), { port: port1, reservations, thread })
    receive(message)
  }
  port1.on('message', hear)
  port1.unref()
  // What a worker says by other ways may be heard before what it says by this one.
  guest.whenNetworked((stack) => {
    const catchingUp = stack.catchUpWith(() => {
      for (let next = receiveMessageOnPort(port1); next !== undefined; next = receiveMessageOnPort(port1)) {
        hear(next.message)
      }
    })
    port1.on('close', () => catchingUp[Symbol.dispose]())
  })
  const stack = ns.has(netStack) ? ns.get(netStack) : undefined
  return { address: stack?.addresses[0] ?? '', network: stack?.network ?? '', port: port2, reservations, thread }
}
