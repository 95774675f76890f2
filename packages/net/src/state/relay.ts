import type { Accept, ConnectResult, SwitchPort } from '../types.ts'
import type { Endpoint } from './address.ts'
import { splice } from './splice.ts'
import type { StreamWire } from './stream-wire.ts'
import type { Answer, FromSwitch, ToSwitch } from './switch-protocol.ts'
import { Trunk } from './trunk.ts'
import type { ErrnoCode } from '@libvisor/abi'

/** A connection that the other process has not answered. */
interface Offer {
  readonly source: Endpoint
  readonly destination: Endpoint
  readonly settle: (answer: Accept | ErrnoCode) => void
}

/**
 * Stands for a stack of another process at a switch: what it asks is asked here, and its connections are joined to those of others.
 *
 * @param port - where the stack is attached; disposed of when the other process is gone
 * @param wire - to that process
 * @returns ends the way, and detaches the stack
 */
export function relay(port: SwitchPort, wire: StreamWire<ToSwitch, FromSwitch>): Disposable {
  const offers = new Map<number, Offer>()
  let lastOffer = 0

  const trunk = new Trunk(wire, {
    opened(number) {
      const offer = offers.get(number)
      offers.delete(number)
      if (offer === undefined) return undefined
      const { source, destination, settle } = offer
      const done = (inside: Parameters<Accept>[0]): void => settle((outside) => splice(inside, outside))
      return { local: source, remote: destination, done }
    },
    closed: () => port[Symbol.dispose](),
  })

  const answer = (id: number, result: ConnectResult): void => {
    if (typeof result === 'string') return wire.postMessage({ type: 'connected', id, refusal: result })
    splice(trunk.accept(id, result.remote, result.local), result)
    wire.postMessage({ type: 'connected', id })
  }
  const refused = ({ id, refusal }: Answer): void => {
    if (refusal === undefined) return
    offers.get(id)?.settle(refusal)
    offers.delete(id)
  }

  wire.on('message', (message) => {
    switch (message.type) {
      case 'lookup':
        port.lookup(message.name, (result) => wire.postMessage({ type: 'found', id: message.id, result }))
        break
      case 'reverse':
        port.reverse(message.address, (result) => wire.postMessage({ type: 'found', id: message.id, result }))
        break
      case 'connect':
        port.connect(message.source, message.destination, (result) => answer(message.id, result))
        break
      case 'send':
        port.send(message.destination, message.datagram)
        break
      case 'answered':
        refused(message)
    }
  })
  wire.on('close', () => {
    port[Symbol.dispose]()
    for (const { settle } of offers.values()) settle('EHOSTUNREACH')
    offers.clear()
  })
  wire.unref()

  port.answer(
    (source, destination) => ({
      settle(done) {
        const id = ++lastOffer
        offers.set(id, { source, destination, settle: done })
        wire.postMessage({ type: 'incoming', id, number: id, source, destination })
      },
    }),
    (destination, datagram) => wire.postMessage({ type: 'datagram', destination, datagram }),
  )
  port.onLinks?.((links) => wire.postMessage({ type: 'links', links }))
  return { [Symbol.dispose]: () => trunk.close() }
}
