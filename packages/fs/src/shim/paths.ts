/**
 * Paths as a guest gives them, as the system calls take them, and names as a guest gets them.
 *
 * System calls know strings only: a byte that is not UTF-8 stands as a lone surrogate (see `types.ts`).
 */
import { decodeName, encodeName } from '../state/name-bytes.ts'
import { byteLength, PATH_MAX } from '../state/vnode.ts'
import { fileURLToPath } from './natives.native.ts'

/** A path that a guest gave, after validation. */
export interface GuestPath {
  /** What the guest gave, a URL already turned into a path: what `Dirent.parentPath` and `Dir.path` show. */
  readonly given: string | Uint8Array
  /** How errors show it. */
  readonly shown: string
  /** Absolute, and otherwise as it was given: what the system calls take. */
  readonly absolute: string
}

/** Encodings in which Node gives names. */
export type NameEncoding = BufferEncoding | 'buffer' | null | undefined

/**
 * Turns a path or name of the system calls into its bytes.
 *
 * @param text - may hold escaped bytes
 */
export function encodeBytes(text: string): Buffer {
  const encoded = encodeName(text)
  return typeof encoded === 'string' ? Buffer.from(encoded) : encoded
}

/**
 * Encodes a name of the system calls as the guest wants it.
 *
 * @param name - may hold escaped bytes
 * @param encoding - of the guest's options
 */
export function showName(name: string, encoding: NameEncoding): string | Buffer {
  if (encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8') {
    return name.isWellFormed() ? name : encodeBytes(name).toString()
  }
  const bytes = encodeBytes(name)
  return encoding === 'buffer' ? bytes : bytes.toString(encoding)
}

/**
 * Makes a guest's path absolute. It is never normalized: the walk does that, component by component.
 *
 * @param path - a path that Node would accept: a string, bytes, or a `file:` URL
 * @param cwd - the guest's working directory
 */
export function guestPath(path: unknown, cwd: () => string): GuestPath {
  const given = typeof path === 'string' || path instanceof Uint8Array ? path : fileURLToPath(path as URL)
  const text = typeof given === 'string' ? given.toWellFormed() : decodeName(given)
  const shown = typeof given === 'string' ? given : encodeBytes(text).toString()
  return { given, shown, absolute: isTooLong(text) ? TOO_LONG : absolutePath(text, cwd) }
}

/** What stands for a path that is too long, and is so wherever it starts. */
const TOO_LONG = '/x'.repeat(PATH_MAX)

function isTooLong(path: string): boolean {
  return path.length * 3 >= PATH_MAX && byteLength(path) >= PATH_MAX
}

/**
 * Puts the working directory before a relative path.
 *
 * @param path - of the guest; the empty path stays empty, for it leads nowhere
 * @param cwd - the guest's working directory
 */
export function absolutePath(path: string, cwd: () => string): string {
  if (path === '' || path.charCodeAt(0) === 47) return path
  const base = cwd()
  return base === '/' ? `/${path}` : `${base}/${path}`
}

/**
 * A path below a guest's: joined, so that names that are not UTF-8 survive.
 *
 * @param parent - a directory
 * @param name - of an entry, as the system calls have it
 */
export function childPath(parent: GuestPath, name: string): GuestPath {
  const join = (path: string): string => (path.endsWith('/') ? path + name : `${path}/${name}`)
  const shown = join(parent.shown)
  return {
    given: shown,
    shown: shown.isWellFormed() ? shown : encodeBytes(shown).toString(),
    absolute: join(parent.absolute),
  }
}
