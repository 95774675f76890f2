import type { MountSpec } from '@libvisor/fs'

/**
 * Where a guest runs: `thread`, in a thread of its own; `context`, in a context of its own in a thread of the pool,
 * which it shares with others.
 */
export type Isolation = 'context' | 'thread'

/** In which thread of the pool a guest in a context runs. */
export interface PlacementOption {
  /** The number of the thread, from 1. @defaultValue the least loaded one */
  readonly thread?: number
  /** Guests of one group share a thread, in which their connections are shortest. @defaultValue none */
  readonly group?: string
}

/** What a guest may do beyond its own network: `true` for all, `false` for nothing, or a list of destinations. */
export type EgressOption = boolean | readonly string[]

/** A port of the host that leads to a port of the guest. */
export interface PublishOption {
  readonly guestPort: number
  /** @defaultValue 0: a free port */
  readonly hostPort?: number
  /** The host's address to listen on. @defaultValue all addresses */
  readonly hostAddress?: string
}

/** The network of a guest. */
export interface NetOptions {
  /**
   * Ports of the host that lead to ports of the guest: `{ 8081: 3000 }`, or a list of rules. Port 0 of the host is a
   * free one.
   * @defaultValue none
   */
  readonly publish?: Readonly<Record<number, number>> | readonly PublishOption[]
  /** Publishes every port the guest listens on, each on a free port of the host. @defaultValue false */
  readonly publishAll?: boolean
  /**
   * Which destinations outside the guests' network may be reached: `host:port`, `*.suffix:port`, `10.0.0.0/8:port`;
   * the port may be left out. `host.visor.internal` is the host itself.
   * @defaultValue true
   */
  readonly egress?: EgressOption
  /** Further names under which other guests reach this one. @defaultValue none */
  readonly aliases?: readonly string[]
  /** Entries of the guest's `/etc/hosts`: addresses by name. @defaultValue none */
  readonly hosts?: Readonly<Record<string, string>>
}

/** The process of a guest. */
export interface ProcessOptions {
  /** The whole environment. @defaultValue `PATH`, `HOME` and `HOSTNAME` */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Working directory, in the guest's files. @defaultValue the host's, where the guest has it; else `/` */
  readonly cwd?: string
  /** @defaultValue the guest's name */
  readonly hostname?: string
  /** @defaultValue the host's */
  readonly uid?: number
  /** @defaultValue the host's */
  readonly gid?: number
  /** Options of Node's, as `process.execArgv` shows them. @defaultValue none */
  readonly execArgv?: readonly string[]
  /** How many descriptors the process may have: EMFILE when there are more. @defaultValue 1,048,576 */
  readonly maxOpenFiles?: number
  /** Executables of the host that the guest may run, by name, or `true` for all. @defaultValue none */
  readonly exec?: boolean | readonly string[]
  /** Whether native addons of the host may be loaded. @defaultValue true */
  readonly addons?: boolean
}

/** The clock of a guest. */
export interface TimeOptions {
  /** `manual`: time stands until `advance()`. @defaultValue 'real' */
  readonly mode?: 'manual' | 'real'
  /** When the guest starts: the clock runs on from there. @units a number: milliseconds since the epoch @defaultValue now */
  readonly start?: Date | number | string
  /** Shifts the clock, next to the host's. @units milliseconds @defaultValue 0 */
  readonly offsetMs?: number
  /** IANA name of the time zone. @defaultValue the host's */
  readonly zone?: string
}

/** The randomness of a guest. */
export interface RandomOptions {
  /** Makes `Math.random` and `crypto` repeat from run to run. @defaultValue the host's randomness */
  readonly seed?: number | string
}

/** What a namespace is made of. */
export interface NamespaceOptions {
  /** @defaultValue 'guest' */
  readonly name?: string
  /**
   * Mounts by path of the guest. `/dev` and `/proc` are the guest's own, unless something is mounted there.
   * @defaultValue the host's files to read, every write into memory
   */
  readonly fs?: Readonly<Record<string, MountSpec>>
  /** @defaultValue those of {@link NetOptions} */
  readonly net?: NetOptions
  /** @defaultValue those of {@link ProcessOptions} */
  readonly process?: ProcessOptions
  /** @defaultValue those of {@link TimeOptions} */
  readonly time?: TimeOptions
  /** @defaultValue those of {@link RandomOptions} */
  readonly random?: RandomOptions
}

/** A program to run, and what it sees. */
export interface GuestOptions extends NamespaceOptions {
  /** The name under which other guests reach it. Letters, digits, `-`, `_` and `.`. */
  readonly name: string
  /**
   * The program. A relative path or a `file:` URL is a file of the host, which must be mounted in the guest; an absolute
   * path is the guest's.
   */
  readonly entry: string | URL
  /** Arguments: `process.argv.slice(2)`. @defaultValue none */
  readonly args?: readonly string[]
  /** @defaultValue 'thread' */
  readonly isolation?: Isolation
  /** Of a guest in a context. @defaultValue the least loaded thread */
  readonly placement?: PlacementOption
  /**
   * What becomes of a guest in a context whose thread ends through no fault of its own, because another guest held it up or used up its
   * memory. `on-thread-loss`: it is started again in another thread, with the same options; what it had in memory, its
   * files there included, is lost, and it gets a new address.
   * @defaultValue 'on-thread-loss'
   */
  readonly restart?: 'no' | 'on-thread-loss'
  /**
   * Whether what it has written to layers in memory is kept when it ends: `guest.fs.snapshot()` and `guest.fs.diff()` then
   * go on to answer. Lost when its thread is ended by force, as by SIGKILL.
   * @defaultValue false
   */
  readonly keepFiles?: boolean
  /**
   * Where stdout and stderr go, and where stdin comes from: to and from the handle's streams, or the host's own.
   * @defaultValue 'pipe'
   */
  readonly stdio?: 'inherit' | 'pipe'
  /** Whether the handle has a `stdin` to write to. Otherwise, with `stdio: 'pipe'`, stdin is empty. @defaultValue false */
  readonly stdin?: boolean
}
