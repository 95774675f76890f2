/**
 * Stacks of errors that reach a guest look as if there were no hooks: without libvisor's own frames, without those that Node
 * adds for hooks, and as long as the guest wants them.
 */

type Callable = (...args: never[]) => unknown

/** Cleans the stacks of errors that pass libvisor's loader. */
export interface StackCleaner {
  /** Calls a function with room in stacks for the frames that are removed again, and cleans the stack of what it throws. */
  guard<Result>(call: () => Result): Result
  /** Makes an error's stack begin below a function. */
  hide(error: unknown, below: Callable): unknown
}

/** How many frames libvisor and Node's hooks may add. */
const ADDED_FRAMES = 16

const frameStart = '\n    at '
const nodeHookFrame =
  /\(node:internal\/modules\/customization_hooks:|^default(?:Resolve|Load) \(node:internal\/modules\/cjs\/loader:/
const frameFile = /\(?((?:file:\/\/)?\/[^()]*?):\d+:\d+\)?$/

/** The realm whose errors are cleaned. */
export interface StackRealm {
  readonly Error: ErrorConstructor
  /** Whether a value is an error, of whatever realm. */
  readonly isError: (value: unknown) => boolean
}

const ownRealm: StackRealm = { Error, isError: (value) => value instanceof Error }

/**
 * Makes a cleaner.
 *
 * @param isOwn - whether the file of a frame, a URL or a path, is libvisor's own
 * @param realm - the realm whose errors are cleaned; by default the one that libvisor is in
 * @returns the cleaner
 */
export function createStackCleaner(
  isOwn: (file: string) => boolean,
  { Error, isError }: StackRealm = ownRealm,
): StackCleaner {
  function clean(error: unknown, limit: number): unknown {
    const stack: unknown = isError(error) ? (error as Error).stack : undefined
    if (typeof stack !== 'string') return error
    const [head = '', ...frames] = stack.split(frameStart)
    const shown = frames.filter((frame) => !nodeHookFrame.test(frame) && !isOwn(frameFile.exec(frame)?.[1] ?? ''))
    if (shown.length !== frames.length || shown.length > limit) {
      ;(error as Error).stack = [head, ...shown.slice(0, limit)].join(frameStart)
    }
    return error
  }

  /** The limit belongs to the guest, which may have taken it away or frozen it. */
  function withRoom<Result>(call: (limit: number) => Result): Result {
    const limit: unknown = Error.stackTraceLimit
    if (typeof limit !== 'number' || limit <= 0) return call(0)
    Reflect.set(Error, 'stackTraceLimit', limit + ADDED_FRAMES)
    try {
      return call(limit)
    } finally {
      Reflect.set(Error, 'stackTraceLimit', limit)
    }
  }

  return {
    guard: (call) =>
      withRoom((limit) => {
        try {
          return call()
        } catch (error) {
          throw clean(error, limit)
        }
      }),

    hide: (error, below) =>
      withRoom((limit) => {
        if (!isError(error)) return error
        const failure = error as Error
        const before: unknown = failure.stack
        if (typeof before !== 'string') return error
        Error.captureStackTrace(failure, below)
        const after: unknown = failure.stack
        if (typeof after !== 'string') return error
        // The lines before the first frame may say more than a captured stack does: a code, a hint.
        const [head = ''] = before.split(frameStart)
        const frames = after.indexOf(frameStart)
        failure.stack = head + (frames === -1 ? '' : after.slice(frames))
        return clean(error, limit)
      }),
  }
}
