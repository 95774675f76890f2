/** The same modules twice, for bodies that are run natively and in a guest. */
import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
import { createGuest } from './guest.ts'

/** What a body works with. */
export interface Scene extends Disposable {
  readonly net: typeof net
  readonly dgram: typeof dgram
  readonly dns: typeof dns
}

export const scenes = {
  native: (): Scene => ({ net, dgram, dns, [Symbol.dispose]() {} }),
  guest: (): Scene => createGuest(),
}
