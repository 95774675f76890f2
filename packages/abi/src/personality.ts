import { linuxFsConstants, linuxSignals } from './constants.table.ts'
import { linuxErrno } from './errno.table.ts'

/** The name of a system error, such as `ENOENT`. */
export type ErrnoCode = keyof typeof linuxErrno

/** Everything that differs between operating systems and that a guest could see. */
export interface Personality {
  /** What `process.platform` says. */
  readonly platform: NodeJS.Platform
  /** System errors by name: the positive error number and libuv's text. */
  readonly errno: Readonly<Record<ErrnoCode, readonly [number: number, text: string]>>
  /** Flags of open(2), file modes, bits of access(2). */
  readonly fs: typeof linuxFsConstants
  /** Signal numbers by name. */
  readonly signals: Readonly<Record<keyof typeof linuxSignals, number>>
  /** What separates the components of a path. */
  readonly separator: '/' | '\\'
  /** What ends a line: `os.EOL`. */
  readonly eol: '\n' | '\r\n'
  /** Whether names in the environment are case-sensitive. */
  readonly envCaseSensitive: boolean
}

/**
 * Linux as Node shows it.
 *
 * @example
 * ```ts
 * import { linux } from '@libvisor/abi'
 * import assert from 'node:assert/strict'
 *
 * assert.deepEqual(linux.errno.ENOENT, [2, 'no such file or directory'])
 * assert.equal(linux.signals.SIGTERM, 15)
 * ```
 */
export const linux: Personality = Object.freeze({
  platform: 'linux',
  errno: linuxErrno,
  fs: linuxFsConstants,
  signals: linuxSignals,
  separator: '/',
  eol: '\n',
  envCaseSensitive: true,
})
