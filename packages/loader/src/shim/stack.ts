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

/**
 * Makes a cleaner.
 *
 * @param isOwn - whether the file of a frame, a URL or a path, is libvisor's own
 * @returns the cleaner
 */
export function createStackCleaner(isOwn: (file: string) => boolean): StackCleaner {
  function clean(error: unknown, limit: number): unknown {
    const stack: unknown = error instanceof Error ? error.stack : undefined
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
        if (!(error instanceof Error)) return error
        const before: unknown = error.stack
        if (typeof before !== 'string') return error
        Error.captureStackTrace(error, below)
        const after: unknown = error.stack
        if (typeof after !== 'string') return error
        // The lines before the first frame may say more than a captured stack does: a code, a hint.
        const [head = ''] = before.split(frameStart)
        const frames = after.indexOf(frameStart)
        error.stack = head + (frames === -1 ? '' : after.slice(frames))
        return clean(error, limit)
      }),
  }
}
