import type { Readable, Writable } from 'node:stream'
import type { SocketRow } from '@libvisor/net'
import type { GuestUsage } from '../thread/protocol.ts'
import type { ExitStatus } from './exit-status.ts'
import type { GuestFileSystem } from './guest-layers.ts'

/** A port that a guest listens on. */
export interface ListeningPort {
  /** The guest's address, such as `::` or `127.0.0.1`. */
  readonly address: string
  readonly port: number
  /** Where the host reaches it, or `undefined` where it is not published. */
  readonly published: string | undefined
}

/** What a guest uses. */
export interface GuestStats extends GuestUsage {
  /** From {@link Host.spawn} until the program's first line. @units milliseconds */
  readonly startMs: number
  /** How often it was started again. */
  readonly restarts: number
  /** Which thread of the pool it is in, from 1; `undefined` in a thread of its own. */
  readonly thread: number | undefined
}

/** A program that runs on a host. */
export interface Guest extends AsyncDisposable {
  readonly name: string
  /** Its address on the guests' network. It gets another one when it is started again. */
  readonly address: string
  /** What it reads from stdin, with `stdin: true`; otherwise `undefined`. */
  readonly stdin: Writable | undefined
  /** What it writes to stdout; ends with the guest. Empty with `stdio: 'inherit'`. */
  readonly stdout: Readable
  /** What it writes to stderr; ends with the guest. Empty with `stdio: 'inherit'`. */
  readonly stderr: Readable
  /**
   * Its files, as `node:fs/promises` over its file system; relative paths start at its working directory. With
   * `snapshot()`, `restore()` and `diff()`.
   */
  readonly fs: GuestFileSystem
  /** Settles when the guest has ended, however it did. */
  readonly exited: Promise<ExitStatus>
  /**
   * Waits until the guest listens on a port.
   *
   * @param port - a port of the guest
   * @returns the port, with the URL of the host where it is published
   * @throws {VisorError} VISOR_GUEST_ENDED when the guest ends before it listens
   */
  listening(port: number): Promise<ListeningPort>
  /** The ports it listens on now. */
  ports(): readonly ListeningPort[]
  /**
   * Sends it a signal. Without a listener of its own for the signal, the guest ends; SIGKILL ends it in any case. A
   * guest that is too busy to take a signal is ended by another one that comes half a second later.
   *
   * @param signal - @defaultValue 'SIGTERM'
   * @returns whether it was still running
   */
  kill(signal?: NodeJS.Signals): boolean
  /** What it uses now. @throws {VisorError} VISOR_GUEST_ENDED when it has ended */
  stats(): Promise<GuestStats>
  /**
   * What it has open on its network, as `ss -tunap` shows it: sockets of UDP, servers, connections, and unix sockets.
   *
   * @returns a row for each
   * @throws {VisorError} VISOR_GUEST_ENDED when it has ended
   */
  sockets(): Promise<readonly SocketRow[]>
  /** Moves a manual clock on, running the timers that become due. @param ms - @units milliseconds */
  advance(ms: number): Promise<void>
}
