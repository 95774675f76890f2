import type { SwitchPort } from '../types.ts'
import { HOST_ADDRESS, HOST_NAME, isLoopback, LOOPBACK_V4, LOOPBACK_V6, parseNetwork } from './address.ts'
import type { Network } from './address.ts'

/** What a stack knows of names. */
export interface HostTableOptions {
  readonly hostname: string
  /** The address of `hostname`. */
  readonly ownAddress: string
  readonly hosts: Readonly<Record<string, string | readonly string[]>>
  readonly switchPort: SwitchPort | undefined
}

/** The names that a stack knows without asking the host: its hosts file, then the switch. */
export class HostTable {
  readonly #entries = new Map<string, readonly string[]>()
  readonly #switchPort: SwitchPort | undefined
  readonly #network: Network | undefined
  readonly #hostname: string

  constructor(options: HostTableOptions) {
    const { hostname, ownAddress, hosts, switchPort } = options
    this.#switchPort = switchPort
    this.#network = switchPort === undefined || switchPort.network === '' ? undefined : parseNetwork(switchPort.network)
    this.#hostname = hostname
    this.#entries.set(HOST_NAME, [HOST_ADDRESS])
    this.#entries.set(hostname.toLowerCase(), [ownAddress])
    for (const [name, addresses] of Object.entries(hosts)) {
      this.#entries.set(name.toLowerCase(), typeof addresses === 'string' ? [addresses] : [...addresses])
    }
    this.#entries.set('localhost', [LOOPBACK_V4, LOOPBACK_V6])
  }

  /** The addresses of a name, an empty list when it is not known here. */
  lookup(name: string, done: (addresses: readonly string[]) => void): void {
    const wanted = normalize(name)
    const known = this.#entries.get(isLocalhost(wanted) ? 'localhost' : wanted)
    if (known !== undefined) return done(known)
    if (this.#switchPort === undefined) return done([])
    this.#switchPort.lookup(wanted, (address) => done(address === undefined ? [] : [address]))
  }

  /** The name of an address. */
  reverse(address: string, done: (name: string | undefined) => void): void {
    if (isLoopback(address)) return done('localhost')
    for (const [name, addresses] of this.#entries) {
      if (addresses.includes(address)) return done(name === this.#hostname.toLowerCase() ? this.#hostname : name)
    }
    if (this.#switchPort === undefined || this.#network?.contains(address) !== true) return done(undefined)
    this.#switchPort.reverse(address, done)
  }
}

/** Names are compared without case, and a dot at the end only says that the name is complete. */
function normalize(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

/** RFC 6761: `localhost` and all names under it are loopback. */
function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}
