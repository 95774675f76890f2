import type { ErrnoCode } from '@libvisor/abi'
import type { SocketFiles } from '@libvisor/core'
import type { Accept, PathListener } from '../types.ts'

/** The longest path of a unix socket: all of Linux's `sun_path`, since Node tells the kernel its length. @units bytes */
const SOCKET_PATH_BYTES = 108

const encoder = new TextEncoder()

/**
 * Who listens on which unix socket. Socket files are in the guest's file system when there is one, names that begin
 * with NUL in the abstract name space of the stack.
 */
export class PathTable {
  readonly #files: () => SocketFiles | undefined
  /** By inode for files, by path where there is no file system, by name in the abstract name space. */
  readonly #listeners = new Map<string, PathListener>()

  /**
   * @param files - the guest's file system, once there is one
   */
  constructor(files: () => SocketFiles | undefined) {
    this.#files = files
  }

  /** Binds a path. */
  listen(path: string, accept: Accept): PathListener | ErrnoCode {
    if (isTooLong(path)) return 'EINVAL'
    const files = isAbstract(path) ? undefined : this.#files()
    let key = path
    if (files === undefined) {
      if (this.#listeners.has(path)) return 'EADDRINUSE'
    } else {
      try {
        files.bind(path)
        key = files.lookup(path)
      } catch (error) {
        return codeOf(error)
      }
    }
    const listener: PathListener = {
      path,
      accept,
      chmod(mode) {
        try {
          files?.chmod(path, mode)
          return undefined
        } catch (error) {
          return codeOf(error)
        }
      },
      [Symbol.dispose]: () => {
        if (this.#listeners.get(key) !== listener) return
        this.#listeners.delete(key)
        files?.unlink(path)
      },
    }
    this.#listeners.set(key, listener)
    return listener
  }

  /** Who hears connections to a path. */
  find(path: string): PathListener | ErrnoCode {
    if (isTooLong(path)) return 'EINVAL'
    const files = isAbstract(path) ? undefined : this.#files()
    if (files === undefined) return this.#listeners.get(path) ?? (isAbstract(path) ? 'ECONNREFUSED' : 'ENOENT')
    try {
      return this.#listeners.get(files.lookup(path)) ?? 'ECONNREFUSED'
    } catch (error) {
      return codeOf(error)
    }
  }

  /** All listeners. */
  listeners(): PathListener[] {
    return [...this.#listeners.values()]
  }
}

/** Whether a path is longer than the kernel takes one. */
export function isTooLong(path: string): boolean {
  return encoder.encode(path).length > SOCKET_PATH_BYTES
}

function isAbstract(path: string): boolean {
  return path.startsWith('\0')
}

/** The errno of an error of the file system. Anything else is a bug and goes on. */
function codeOf(error: unknown): ErrnoCode {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string') throw error
  return code as ErrnoCode
}
