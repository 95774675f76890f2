/** Ports of one protocol, with the threads of a guest that have bound them. Shared by these threads. */
export interface Reservations {
  /** Whether no other thread has a port. */
  isFree(port: number): boolean
  /** Takes a port. @returns whether no other thread has it */
  take(port: number): boolean
  /** Gives a port back. */
  release(port: number): void
}

/** The ports of both protocols. */
export interface PortReservations {
  readonly tcp: Reservations
  readonly udp: Reservations
  /** Gives all ports back. */
  clear(): void
}

const PORTS = 65_536

/** How much memory the threads of a guest share for this. @units bytes */
export const RESERVATION_BYTES: number = 2 * PORTS

/**
 * The ports that the threads of a guest have bound, a byte for each: binding is not asked of another thread, which may be busy.
 *
 * @param memory - of {@link RESERVATION_BYTES} bytes
 * @param owner - the thread: 1 to 255
 * @example
 * ```ts
 * import { RESERVATION_BYTES, reservePorts } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * const memory = new SharedArrayBuffer(RESERVATION_BYTES)
 * const [first, second] = [reservePorts(memory, 1), reservePorts(memory, 2)]
 * assert.equal(first.tcp.take(3000), true)
 * assert.equal(second.tcp.take(3000), false)
 * assert.equal(second.udp.take(3000), true)
 * first.clear()
 * assert.equal(second.tcp.isFree(3000), true)
 * ```
 */
export function reservePorts(memory: SharedArrayBuffer, owner: number): PortReservations {
  const owners = new Uint8Array(memory)
  const at = (offset: number): Reservations => ({
    isFree(port) {
      const now = Atomics.load(owners, offset + port)
      return now === 0 || now === owner
    },
    take(port) {
      const before = Atomics.compareExchange(owners, offset + port, 0, owner)
      return before === 0 || before === owner
    },
    release: (port) => void Atomics.compareExchange(owners, offset + port, owner, 0),
  })
  const [tcp, udp] = [at(0), at(PORTS)]
  return {
    tcp,
    udp,
    clear() {
      for (let port = 0; port < PORTS; port++) {
        tcp.release(port)
        udp.release(port)
      }
    },
  }
}
