/**
 * Notes what an answer was made of: while a trace is open, every name that the path walk steps to, and every text of the
 * host that is read, is noted in it.
 */
import { fileType } from './vnode.ts'
import type { Vnode } from './vnode.ts'
import type { Place } from './walk.ts'

/** A name that was asked for. */
export interface Step {
  readonly name: string
  /** The name's path in the guest, without links. */
  readonly path: string
  /** The directories of the host whose entries decided. */
  readonly directories: readonly string[]
  /** Whether a file was there, of the only directory. */
  readonly isFile: boolean
}

/** What an answer was made of. */
export interface Evidence {
  /** Paths of the guest under which no layer of its own may show anything. */
  readonly paths: readonly string[]
  /** Directories and files of the host that must be as they were. */
  readonly hostPaths: readonly string[]
}

/** The trace that is open. */
export let trace: Trace | undefined

export class Trace {
  readonly #steps: Step[] = []
  readonly #files: string[] = []
  readonly #parts: Trace[] = []
  #isSpoiled = false

  /** Notes that a name was asked for. @param node - what was there */
  stepped(directory: Place, name: string, node: Vnode | undefined): void {
    const directories = directory.node.decidedBy?.(name)
    if (directories === undefined) this.#isSpoiled = true
    else {
      const [only = '', ...more] = directories
      const isFile = node?.type === fileType.file && more.length === 0 && node.hostPath === join(only, name)
      this.#steps.push({ name, path: directory.childPath(name), directories, isFile })
    }
  }

  /** Notes that a file of the host was read. */
  hasRead(hostPath: string): void {
    this.#files.push(hostPath)
  }

  /** Notes that something was asked for that cannot be told from outside. */
  spoil(): void {
    this.#isSpoiled = true
  }

  /** Notes all that another trace has noted. */
  include(part: Trace): void {
    this.#parts.push(part)
  }

  /**
   * All that was noted, or `undefined` when something else counted, too.
   *
   * @param mayImply - whether a directory may be left to what others tell of it: see {@link withoutImplied}
   */
  evidence(mayImply: boolean): Evidence | undefined {
    const traces = new Set<Trace>([this])
    // A set goes on with what is added to it on the way.
    for (const part of traces) for (const inner of part.#parts) traces.add(inner)
    const paths = new Set<string>()
    const searched = new Map<string, Set<string>>()
    const files = new Set<string>()
    const found = new Set<string>()
    for (const part of traces) {
      if (part.#isSpoiled) return undefined
      for (const { name, path, directories, isFile } of part.#steps) {
        paths.add(path)
        if (isFile) found.add(join(directories[0]!, name))
        for (const directory of directories) emplace(searched, directory).add(name)
      }
      for (const file of part.#files) files.add(file)
    }
    const kept = mayImply ? withoutImplied(searched, files, found) : searched.keys()
    return { paths: [...paths], hostPaths: [...new Set([...kept, ...files])] }
  }
}

/**
 * Leaves out directories on the way: one whose names all led to directories and files that are looked at themselves, and
 * which its own parent tells to be where it was. Its entries cannot change but by a change of one of these: theirs are other inodes then.
 * Its permissions can. For a directory in which one file was found and nothing else was looked for in vain, that file is looked at
 * instead: it will be read next.
 *
 * @param searched - the names that were asked for, by the directory
 * @param files - that are looked at
 * @param found - files that were there
 */
function withoutImplied(
  searched: ReadonlyMap<string, ReadonlySet<string>>,
  files: ReadonlySet<string>,
  found: ReadonlySet<string>,
): Set<string> {
  const kept = new Set<string>()
  const needed = new Set<string>()
  // Each after its parent.
  for (const directory of [...searched.keys()].sort((a, b) => a.length - b.length)) {
    const below = [...(searched.get(directory) ?? [])].map((name) => join(directory, name))
    const others = below.filter((path) => !searched.has(path) && !files.has(path))
    const isImplied =
      !needed.has(directory) &&
      directory !== '/' &&
      kept.has(dirname(directory)) &&
      (others.length === 0 || (others.length === 1 && found.has(others[0]!)))
    if (!isImplied) kept.add(directory)
    else {
      for (const path of below) needed.add(path)
      for (const path of others) kept.add(path)
    }
  }
  return kept
}

const join = (directory: string, name: string): string => (directory === '/' ? `/${name}` : `${directory}/${name}`)

const dirname = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 1))

function emplace(sets: Map<string, Set<string>>, key: string): Set<string> {
  let set = sets.get(key)
  if (set === undefined) sets.set(key, (set = new Set()))
  return set
}

/**
 * Opens a trace while a function runs. What is noted in it belongs to the trace that was open before, too.
 *
 * @param into - the trace
 * @param make - must not wait for anything
 * @returns what the function returns
 */
export function traced<Result>(into: Trace, make: () => Result): Result {
  const outer = trace
  trace = into
  try {
    return make()
  } finally {
    trace = outer
    outer?.include(into)
  }
}
