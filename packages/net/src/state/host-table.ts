import type { SwitchPort } from '../types.ts'
import { HOST_ADDRESS, HOST_NAME, isLoopback, LOOPBACK_V4, LOOPBACK_V6, parseNetwork } from './address.ts'
import { parseHostsFile } from './hosts-file.ts'
import type { HostsFile } from './hosts-file.ts'
import type { Network } from './address.ts'

/** What a stack knows of names. */
export interface HostTableOptions {
  readonly hostname: string
  /** The address of `hostname`. */
  readonly ownAddress: string
  readonly hosts: Readonly<Record<string, string | readonly string[]>>
  readonly switchPort: SwitchPort | undefined
  /** Reads the hosts file as it is now. @defaultValue there is none */
  readonly hostsText?: HostsText | undefined
}

/** Reads a hosts file. `done` may be called before this returns; with `undefined` where there is no such file. */
export type HostsText = (done: (text: string | undefined) => void) => void

/** The names that a stack knows without asking the host: its hosts file, then the switch. */
export class HostTable {
  readonly #entries = new Map<string, readonly string[]>()
  readonly #switchPort: SwitchPort | undefined
  readonly #network: Network | undefined
  readonly #hostname: string
  readonly #hostsText: HostsText | undefined
  /** The hosts file as it was read last. */
  #text = ''
  #file: HostsFile = new Map()

  constructor(options: HostTableOptions) {
    const { hostname, ownAddress, hosts, switchPort, hostsText } = options
    this.#hostsText = hostsText
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
    if (isLocalhost(wanted)) return done(this.#entries.get('localhost') ?? [])
    this.#readFile((file) => {
      const known = file.get(wanted) ?? this.#entries.get(wanted)
      if (known !== undefined) return done(known)
      if (this.#switchPort === undefined) return done([])
      this.#switchPort.lookup(wanted, (address) => done(address === undefined ? [] : [address]))
    })
  }

  /** The name of an address. */
  reverse(address: string, done: (name: string | undefined) => void): void {
    if (isLoopback(address)) return done('localhost')
    this.#readFile((file) => {
      for (const entries of [file, this.#entries]) {
        for (const [name, addresses] of entries) {
          if (addresses.includes(address)) return done(name === this.#hostname.toLowerCase() ? this.#hostname : name)
        }
      }
      if (this.#switchPort === undefined || this.#network?.contains(address) !== true) return done(undefined)
      this.#switchPort.reverse(address, done)
    })
  }

  #readFile(done: (file: HostsFile) => void): void {
    if (this.#hostsText === undefined) return done(this.#file)
    this.#hostsText((text = '') => {
      if (text !== this.#text) {
        this.#file = parseHostsFile(text)
        this.#text = text
      }
      done(this.#file)
    })
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
