import type * as dgram from 'node:dgram'
import { original } from '@libvisor/abi'
import type { Family } from '../state/address.ts'

/**
 * Makes a socket of the host's that is bound when this returns, and does not keep the event loop alive.
 *
 * @param family - of its address
 * @param address - where it hears. @defaultValue everywhere
 */
export function bindHostDatagrams(family: Family, address?: string): dgram.Socket {
  // With a look-up that answers at once, binding is done at once.
  const lookup = (host: string, _options: object, done: (...results: unknown[]) => void): void =>
    done(null, host, family)
  const type = family === 6 ? 'udp6' : 'udp4'
  return original('dgram')
    .createSocket({ type, lookup } as dgram.SocketOptions)
    .unref()
    .bind(0, address)
}
