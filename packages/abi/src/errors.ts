import type { Intrinsics } from './intrinsics.ts'
import type { ErrnoCode, Personality } from './personality.ts'
import { apply, defineProperty } from './uncurry.ts'

/** An error of the system as Node throws it. */
export interface SystemError extends Error {
  code: string
  errno: number
  syscall: string
  path?: string
  dest?: string
  address?: string
  port?: number
}

/** An error of Node's own, with a code such as `ERR_INVALID_ARG_TYPE`. */
export interface CodedError extends Error {
  code: string
}

/** What the error of a failed file operation says. */
export interface FileErrorOptions {
  /** What the operation was, such as `open`. */
  readonly syscall: string
  /** The path as the guest gave it. */
  readonly path?: string | undefined
  /** The second path, for rename, link, symlink and copy. */
  readonly dest?: string | undefined
}

/** What the error of a failed socket operation says. */
export interface SocketErrorOptions {
  readonly syscall: string
  readonly address: string
  readonly port?: number | undefined
}

/**
 * Makes errors that equal Node's in prototype, message, properties and their order.
 */
export interface ErrorFactory {
  /**
   * The error of a failed file operation.
   * @source Node 24 `lib/internal/errors.js`, class UVException; `src/api/exceptions.cc`, UVException
   */
  file(code: ErrnoCode, options: FileErrorOptions): SystemError
  /**
   * The error of a failed `connect`, which has no text of libuv's.
   * @source Node 24 `lib/internal/errors.js`, class ExceptionWithHostPort
   */
  socket(code: ErrnoCode, options: SocketErrorOptions): SystemError
  /**
   * The error of a failed `listen` or `bind`, which has libuv's text.
   * @source Node 24 `lib/internal/errors.js`, class UVExceptionWithHostPort
   */
  listen(code: ErrnoCode, options: SocketErrorOptions): SystemError
  /**
   * The error of a failed call without path or address, such as `kill`.
   * @source Node 24 `lib/internal/errors.js`, class ErrnoException
   */
  call(code: ErrnoCode, syscall: string): SystemError
  /**
   * The error of a failed name look-up.
   * @source Node 24 `lib/internal/errors.js`, class DNSException
   */
  dns(code: string, syscall: string, hostname?: string): Error & { code: string; syscall: string; hostname?: string }
  /**
   * An error of Node's own.
   * @source Node 24 `lib/internal/errors.js`, makeNodeErrorWithCode
   */
  coded(base: 'Error' | 'RangeError' | 'TypeError', code: string, message: string): CodedError
}

/** What a factory of errors depends on. */
export interface ErrorFactoryOptions {
  readonly personality: Personality
  /** The realm the errors belong to. */
  readonly intrinsics: Intrinsics
}

/**
 * Makes the factory of the errors that guests of one realm see.
 *
 * @param options - the personality that numbers the errors, the realm they belong to
 * @returns the factory
 * @example
 * ```ts
 * import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 *
 * const errors = createErrors({ personality: linux, intrinsics: hostIntrinsics })
 * const ours = errors.file('ENOENT', { syscall: 'open', path: '/missing' })
 * assert.throws(() => fs.openSync('/missing', 'r'), { ...ours, message: ours.message })
 * ```
 */
export function createErrors(options: ErrorFactoryOptions): ErrorFactory {
  const { personality, intrinsics } = options
  const { Error } = intrinsics
  const errorToString = Error.prototype.toString

  const details = ({ address, port }: SocketErrorOptions): string =>
    port !== undefined && port > 0 ? ` ${address}:${port}` : address === '' ? '' : ` ${address}`

  return Object.freeze({
    file(code: ErrnoCode, { syscall, path, dest }: FileErrorOptions): SystemError {
      const [number, text] = personality.errno[code]
      let message = `${code}: ${text}, ${syscall}`
      if (path !== undefined) message += ` '${path}'`
      if (dest !== undefined) message += ` -> '${dest}'`
      const error = new Error(message) as SystemError
      error.errno = -number
      error.code = code
      error.syscall = syscall
      if (path !== undefined) error.path = path
      if (dest !== undefined) error.dest = dest
      return error
    },

    socket(code: ErrnoCode, options: SocketErrorOptions): SystemError {
      const error = new Error(`${options.syscall} ${code}${details(options)}`) as SystemError
      error.errno = -personality.errno[code][0]
      error.code = code
      error.syscall = options.syscall
      error.address = options.address
      if (options.port) error.port = options.port
      return error
    },

    listen(code: ErrnoCode, options: SocketErrorOptions): SystemError {
      const [number, text] = personality.errno[code]
      const error = new Error(`${options.syscall} ${code}: ${text}${details(options)}`) as SystemError
      error.code = code
      error.errno = -number
      error.syscall = options.syscall
      error.address = options.address
      if (options.port) error.port = options.port
      return error
    },

    call(code: ErrnoCode, syscall: string): SystemError {
      const error = new Error(`${syscall} ${code}`) as SystemError
      error.errno = -personality.errno[code][0]
      error.code = code
      error.syscall = syscall
      return error
    },

    dns(code: string, syscall: string, hostname?: string) {
      const error = new Error(`${syscall} ${code}${hostname === undefined ? '' : ` ${hostname}`}`) as Error & {
        errno: number | undefined
        code: string
        syscall: string
        hostname?: string
      }
      const known = personality.errno[code as ErrnoCode] as readonly [number, string] | undefined
      error.errno = code === 'ENOTFOUND' ? -3008 : known === undefined ? undefined : -known[0]
      error.code = code
      error.syscall = syscall
      if (hostname !== undefined) error.hostname = hostname
      return error
    },

    coded(base: 'Error' | 'RangeError' | 'TypeError', code: string, message: string): CodedError {
      const error = new intrinsics[base](message) as CodedError
      defineProperty(error, 'toString', {
        value(this: Error) {
          return this === error ? `${this.name} [${code}]: ${this.message}` : apply(errorToString, this, [])
        },
        enumerable: false,
        writable: true,
        configurable: true,
      })
      const { stack } = error
      // A guest's Error.prepareStackTrace may make anything of it.
      if (typeof stack === 'string' && stack.startsWith(base)) {
        defineProperty(error, 'stack', {
          value: `${base} [${code}]${stack.slice(base.length)}`,
          enumerable: false,
          writable: true,
          configurable: true,
        })
      }
      error.code = code
      return error
    },
  })
}
