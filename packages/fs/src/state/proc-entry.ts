/** What the tree of `/proc` is written in. */
import { Errno } from '../types.ts'
import type { Place } from './walk.ts'

/** Who owns an entry: a process, or root. */
export interface ProcOwner {
  readonly uid: number
  readonly gid: number
}

interface Common {
  /** Permission bits. */
  readonly mode: number
  readonly owner?: ProcOwner
}

/** A directory whose names are known when they are asked for. */
export interface ProcDirectory extends Common {
  readonly kind: 'directory'
  names(): readonly string[]
  lookup(name: string): ProcEntry | undefined
}

/** A file whose text is made when it is opened. */
export interface ProcFile extends Common {
  readonly kind: 'file'
  read(): string
  /** @throws Errno EINVAL */
  write?(text: string): void
}

/** A link. */
export interface ProcLink extends Common {
  readonly kind: 'link'
  readonly size?: number
  target(): string
  /** Where it leads whatever its text says: links to open files. @param from - the directory it is in */
  jump?(from: Place): Place | undefined
}

/** An entry of `/proc`. */
export type ProcEntry = ProcDirectory | ProcFile | ProcLink

/** A directory with fixed names. */
export function directory(
  entries: Readonly<Record<string, ProcEntry>>,
  mode = 0o555,
  owner?: ProcOwner,
): ProcDirectory {
  return {
    kind: 'directory',
    mode,
    ...(owner && { owner }),
    names: () => Object.keys(entries),
    lookup: (name) => (Object.hasOwn(entries, name) ? entries[name] : undefined),
  }
}

/** A file that can only be read. */
export function file(read: () => string, mode = 0o444, owner?: ProcOwner): ProcFile {
  return { kind: 'file', mode, read, ...(owner && { owner }) }
}

/** A link with a text. */
export function link(target: () => string, owner?: ProcOwner): ProcLink {
  return { kind: 'link', mode: 0o777, target, ...(owner && { owner }) }
}

/** A file that holds a number that can be written. */
export function setting(options: {
  readonly settings: Map<string, string>
  readonly key: string
  readonly initial: number
  readonly range: readonly [lowest: number, highest: number]
  readonly owner: ProcOwner
}): ProcFile {
  const { settings, key, initial, range, owner } = options
  return {
    kind: 'file',
    mode: 0o644,
    owner,
    read: () => `${settings.get(key) ?? initial}\n`,
    write(text) {
      const value = text.trim()
      const number = Number(value)
      if (!/^-?\d+$/.test(value) || number < range[0] || number > range[1]) throw Errno.of('EINVAL')
      settings.set(key, `${number}`)
    },
  }
}
