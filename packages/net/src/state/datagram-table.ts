import type { ErrnoCode } from '@libvisor/abi'
import type { Datagram, DatagramBinding, DatagramRequest } from '../types.ts'
import type { Endpoint } from './address.ts'
import { PortTable } from './port-table.ts'

/** Who has which UDP port of a stack. The rules of ports are those of TCP, in a space of their own. */
export class DatagramTable {
  readonly #ports = new PortTable()
  readonly #receivers = new Map<object, (datagram: Datagram) => void>()

  /** Binds a port. */
  bind(request: DatagramRequest): DatagramBinding | ErrnoCode {
    const { receive, reuseAddress = false, ...rest } = request
    const listener = this.#ports.listen({ ...rest, reusePort: reuseAddress, accept() {} }, (closed) => {
      this.#receivers.delete(closed)
    })
    if (typeof listener === 'string') return listener
    this.#receivers.set(listener, receive)
    const { address, port } = listener
    return { address, port, [Symbol.dispose]: () => listener[Symbol.dispose]() }
  }

  /** @returns whether anybody hears it */
  deliver(destination: Endpoint, datagram: Datagram): boolean {
    const listener = this.#ports.find(destination.address, destination.port)
    if (listener === undefined) return false
    this.#receivers.get(listener)?.(datagram)
    return true
  }

  /** Frees all ports. */
  clear(): void {
    for (const listener of this.#ports.listeners()) listener[Symbol.dispose]()
  }
}
