import type { ErrnoCode } from '@libvisor/abi'
import type { MessagePort } from 'node:worker_threads'
import { joinInMemory } from '../state/connection.ts'
import type { Connection } from '../state/connection.ts'
import { overChannel } from '../state/frame-channel.ts'
import type { NetStack } from '../state/net-stack.ts'
import { reservePorts } from '../state/port-reservations.ts'
import { splice } from '../state/splice.ts'
import type { Answer, FromSwitch, SharedBinding, StackAttachment, ToStack } from '../state/switch-protocol.ts'
import { TrunkTable } from '../state/trunk-table.ts'
import { bridgeNative } from './native-bridge.ts'
import type { NativeHandle } from './node-internals.native.ts'
import { threadMeans } from './thread-means.native.ts'

/** What a thread is served with. */
export interface ServeStackOptions extends Pick<StackAttachment, 'reservations' | 'thread'> {
  /** This side of the port of the attachment. */
  readonly port: MessagePort
}

/** The one peer of its trunk, either way. */
const THREAD = ''

/**
 * Serves a further thread of a guest with the guest's stack: what it connects to, what arrives at its ports, names.
 *
 * @param stack - the stack
 * @param options - the thread
 * @returns takes what the thread says; all of its ports are free when the port closes
 * @example
 * ```ts
 * import { createNetStack, openStackPort, RESERVATION_BYTES, serveStack } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import { MessageChannel } from 'node:worker_threads'
 *
 * using stack = createNetStack()
 * stack.listen({ address: '127.0.0.1', port: 3000, privileged: false, accept: (connection) => connection.close() })
 * const reservations = new SharedArrayBuffer(RESERVATION_BYTES)
 * const { port1, port2 } = new MessageChannel()
 * port1.on('message', serveStack(stack, { port: port1, reservations, thread: 2 }))
 *
 * const attachment = { address: '', network: '', port: port2, reservations, thread: 2 }
 * using part = createNetStack({ parent: openStackPort(attachment) })
 * const destination = { address: '127.0.0.1', port: 3000 }
 * const connection = await new Promise((resolve) => part.connect({ destination }, resolve))
 * assert.equal(typeof connection, 'object')
 * ```
 */
export function serveStack(stack: NetStack, options: ServeStackOptions): (message: ToStack) => void {
  const { port, reservations, thread } = options
  const bindings = new Map<number, Disposable>()
  const offers = new Map<number, Connection>()
  let lastOffer = 0
  const post = (message: FromSwitch, transfer: MessagePort[] = []): void => port.postMessage(message, transfer)

  const trunks = new TrunkTable({
    means: threadMeans(),
    opened(number) {
      const connection = offers.get(number)
      offers.delete(number)
      if (connection === undefined) return undefined
      const { local, remote } = connection
      return { local: remote, remote: local, done: (inside) => splice(inside, connection) }
    },
    lost: () => {},
  })

  const answer = (id: number, result: Connection | ErrnoCode): void => {
    if (typeof result === 'string') return post({ type: 'connected', id, refusal: result })
    const { trunk, attachment } = trunks.to(THREAD)
    splice(trunk.accept(id, result.remote, result.local), result)
    post({ type: 'connected', id, trunk: attachment }, attachment === undefined ? [] : [attachment.port])
  }

  const offer = (connection: Connection): void => {
    const id = ++lastOffer
    offers.set(id, connection)
    const { local, remote } = connection
    post({ type: 'incoming', id, number: id, source: remote, destination: local })
  }

  const settle = ({ id, refusal, trunk }: Answer): void => {
    if (trunk !== undefined) trunks.join(THREAD, overChannel(trunk, threadMeans()))
    if (refusal === undefined) return
    offers.get(id)?.reset()
    offers.delete(id)
  }

  const bind = (binding: SharedBinding) => {
    const { protocol, address, port: bound, ipv6Only = false, isReusable = false, isEphemeral = false } = binding
    const request = { address, port: bound, ipv6Only, privileged: true, isReserved: true, isEphemeral }
    if (protocol === 'tcp') {
      const acceptNative = (handle: object): void => {
        const name = { address, port: bound }
        const [outside, inside] = joinInMemory(name, name)
        offer(inside)
        bridgeNative(handle as NativeHandle, outside)
      }
      return stack.listen({ ...request, reusePort: isReusable, accept: offer, acceptNative })
    }
    return stack.bindDatagrams({
      ...request,
      reuseAddress: isReusable,
      receive: (datagram) => post({ type: 'datagram', destination: { address, port: bound }, datagram }),
    })
  }

  const close = (): void => {
    forget()
    for (const binding of bindings.values()) binding[Symbol.dispose]()
    bindings.clear()
    for (const connection of offers.values()) connection.reset()
    offers.clear()
    trunks.close()
    reservePorts(reservations, thread).clear()
  }
  const forget = stack.own({ [Symbol.dispose]: () => port.close() })
  port.on('close', close)

  return (message) => {
    switch (message.type) {
      case 'lookup':
        stack.lookup(message.name, ([result]) => post({ type: 'found', id: message.id, result }))
        break
      case 'reverse':
        stack.reverse(message.address, (result) => post({ type: 'found', id: message.id, result }))
        break
      case 'connect': {
        const { id, source: local, destination } = message
        stack.connect({ destination, local }, (result) => answer(id, result))
        break
      }
      case 'connect-path':
        stack.connectPath(message.path, (result) => answer(message.id, result))
        break
      case 'send': {
        const { source, bytes } = message.datagram
        stack.sendDatagram(source, message.destination, bytes)
        break
      }
      case 'answered':
        settle(message)
        break
      case 'bind': {
        const binding = bind(message.binding)
        if (typeof binding !== 'string') bindings.set(message.id, binding)
        break
      }
      case 'unbind':
        bindings.get(message.id)?.[Symbol.dispose]()
        bindings.delete(message.id)
    }
  }
}
