import { defineSlot } from '@libvisor/core'
import type { Account } from './accounts.ts'

/** An address of a network interface, as `os.networkInterfaces()` lists it. */
export interface InterfaceAddress {
  readonly address: string
  readonly netmask: string
  readonly family: 'IPv4' | 'IPv6'
  readonly mac: string
  readonly internal: boolean
  readonly cidr: string
  readonly scopeid?: number
}

/** Network interfaces by name. */
export type Interfaces = Readonly<Record<string, readonly InterfaceAddress[]>>

/** What a process of a guest was started with. */
export interface ProcessStateOptions {
  readonly env: NodeJS.ProcessEnv
  /** The whole `process.argv`: the executable, the entry, the arguments. */
  readonly argv: readonly string[]
  /** @defaultValue `node` */
  readonly argv0?: string
  /** @defaultValue none */
  readonly execArgv?: readonly string[]
  /** @defaultValue the first of `argv` */
  readonly execPath?: string
  /** What `process.title` says. @defaultValue what Node made it */
  readonly title?: string | undefined
  /** The user. @defaultValue what the guest's `/etc/passwd` says */
  readonly account?: Account
  /** @defaultValue the loopback interface alone */
  readonly interfaces?: Interfaces
  /**
   * Hears of the end of the process by `process.exit()`, by a signal or, in a process of its own, by an error that nobody has caught, before anything
   * of it is released.
   *
   * @param code - the exit code; 128 + n for signal n
   * @defaultValue nobody hears
   */
  readonly onExit?: (code: number) => void
}

/** What a process of a guest was started with, every default resolved. */
export interface ProcessState {
  /** Live. In a realm of the guest's own it is Node's own object, filled when the realm is patched. */
  env: NodeJS.ProcessEnv
  readonly argv: readonly string[]
  readonly argv0: string
  readonly execArgv: readonly string[]
  readonly execPath: string
  title: string | undefined
  readonly account: Account | undefined
  readonly interfaces: Interfaces
  readonly onExit: ((code: number) => void) | undefined
  /** Executables of the host that the guest has started, by their real process ids. */
  readonly children: Map<number, ChildOfHost>
}

/** A child that runs on the host. */
export interface ChildOfHost {
  readonly exitCode: number | null
  readonly signalCode: string | null
}

/** The loopback interface, as Linux shows it. */
export const loopback: Interfaces = Object.freeze({
  lo: [
    {
      address: '127.0.0.1',
      netmask: '255.0.0.0',
      family: 'IPv4',
      mac: '00:00:00:00:00:00',
      internal: true,
      cidr: '127.0.0.1/8',
    },
    {
      address: '::1',
      netmask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      family: 'IPv6',
      mac: '00:00:00:00:00:00',
      scopeid: 0,
      internal: true,
      cidr: '::1/128',
    },
  ],
})

/** Where a namespace keeps what its process was started with. */
export const processState = defineSlot<ProcessState>('process')

/**
 * Makes the state of a process of a guest.
 *
 * @param options - what it was started with
 * @returns the state, to be put into the {@link processState} slot
 * @example
 * ```ts
 * import { createEnvironment, createProcessState } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * const state = createProcessState({ env: createEnvironment({}), argv: ['/usr/bin/node', '/app/server.js'] })
 * assert.equal(state.execPath, '/usr/bin/node')
 * ```
 */
export function createProcessState(options: ProcessStateOptions): ProcessState {
  const { env, argv, argv0 = 'node', execArgv = [], title, interfaces = loopback } = options
  return {
    env,
    argv,
    argv0,
    execArgv,
    execPath: options.execPath ?? argv[0] ?? '/usr/local/bin/node',
    title,
    account: options.account,
    interfaces,
    onExit: options.onExit,
    children: new Map(),
  }
}
