/** The same modules twice, for bodies that are run natively and in a guest. */
import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
import { createSwitch } from '../../src/index.ts'
import type { Switch, SwitchPort } from '../../src/index.ts'
import { createGuest } from './guest.ts'
import { attachApart } from './trunks.ts'

/** What a body works with. */
export interface Scene extends Disposable {
  readonly net: typeof net
  readonly dgram: typeof dgram
  readonly dns: typeof dns
  /** With what clients connect. @defaultValue `net` */
  readonly clients?: typeof net
  /** Where they find a server that listens on all addresses. @defaultValue `127.0.0.1` */
  readonly host?: string
}

export const scenes = {
  native: (): Scene => ({ net, dgram, dns, [Symbol.dispose]() {} }),
  guest: (): Scene => createGuest(),
}

/** A server and its client in a guest each. */
function twoGuests(attach: (network: Switch, name: string) => SwitchPort): Scene {
  const network = createSwitch()
  const api = createGuest('api', { switchPort: attach(network, 'api') })
  const web = createGuest('web', { switchPort: attach(network, 'web') })
  return {
    ...api,
    clients: web.net,
    host: 'api',
    [Symbol.dispose]() {
      api[Symbol.dispose]()
      web[Symbol.dispose]()
      network[Symbol.dispose]()
    },
  }
}

/** The ways that a connection goes between guests. */
export const transports = {
  'guests of one thread': () => twoGuests((network, name) => network.attachLocal(name)),
  'guests of two threads': () => twoGuests(attachApart),
}
