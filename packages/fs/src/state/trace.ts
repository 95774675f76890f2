/**
 * Notes what an answer was made of: while a trace is open, every name that the path walk steps to, and every text of the
 * host that is read, is noted in it.
 */
import type { Place } from './walk.ts'

/** A name that was asked for. */
export interface Step {
  /** The name's path in the guest, without links. */
  readonly path: string
  /** The directories of the host whose entries decided. */
  readonly directories: readonly string[]
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

  /** Notes that a name was asked for. */
  stepped(directory: Place, name: string): void {
    const directories = directory.node.decidedBy?.(name)
    if (directories === undefined) this.#isSpoiled = true
    else this.#steps.push({ path: directory.childPath(name), directories })
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

  /** All that was noted, or `undefined` when something else counted, too. */
  evidence(): Evidence | undefined {
    const traces = new Set<Trace>([this])
    // A set goes on with what is added to it on the way.
    for (const part of traces) for (const inner of part.#parts) traces.add(inner)
    const paths = new Set<string>()
    const hostPaths = new Set<string>()
    for (const part of traces) {
      if (part.#isSpoiled) return undefined
      for (const { path, directories } of part.#steps) {
        paths.add(path)
        for (const directory of directories) hostPaths.add(directory)
      }
      for (const file of part.#files) hostPaths.add(file)
    }
    return { paths: [...paths], hostPaths: [...hostPaths] }
  }
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
