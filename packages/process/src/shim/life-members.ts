import { endGuest } from './exit-members.ts'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

/** Members of `process` that its types do not have. */
interface Undocumented {
  _exiting: boolean
  _kill(pid: unknown, signal: number): number
  reallyExit(code: unknown): never
}

/**
 * How a process in a context ends, or signals others.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 * @source Node 24 `lib/internal/bootstrap/node.js`, `lib/internal/process/per_thread.js`: exit, kill
 */
export function lifeMembers(context: MemberContext): Members {
  const { ns, argument, process } = context
  const bound = process as NodeJS.Process & Undocumented
  let exitCode: number | string | undefined
  let exiting = false

  /** Node keeps what it is given when it stands for an integer. */
  const checked = (code: unknown): number | string => {
    const value = typeof code === 'string' && code !== '' ? Number(code) : code
    const shown = Number.isNaN(value) ? code : value
    if (typeof shown !== 'number') throw argument.type('code', 'of type number', code)
    if (!Number.isInteger(shown)) throw argument.range('code', 'an integer', shown)
    if (!Number.isSafeInteger(shown)) {
      throw argument.range('code', `>= ${Number.MIN_SAFE_INTEGER} && <= ${Number.MAX_SAFE_INTEGER}`, shown)
    }
    return shown
  }

  return {
    exitCode: {
      get: () => exitCode,
      set(code: unknown) {
        exitCode = code === undefined || code === null ? undefined : checked(code)
      },
      enumerable: true,
      configurable: false,
    },
    _exiting: {
      get: () => exiting,
      set(value: unknown) {
        exiting = Boolean(value)
      },
      enumerable: true,
      configurable: true,
    },
    ...methods({
      exit(...args: [code?: number | string]): never {
        if (args.length > 0) bound.exitCode = args[0]
        if (!bound._exiting) {
          bound._exiting = true
          bound.emit('exit', (bound.exitCode ?? 0) as number)
        }
        // Programs replace it to hear of the end.
        return bound.reallyExit(bound.exitCode ?? 0)
      },

      reallyExit(code?: unknown): never {
        // What a parent would see: the low byte.
        return endGuest(context, (Number(code ?? 0) | 0) & 0xff)
      },

      kill(pid: unknown, signal?: unknown): true {
        // Node takes a string of digits for a number.
        // oxlint-disable-next-line eqeqeq
        if ((pid as number) != ((pid as number) | 0)) throw argument.type('pid', 'of type number', pid)
        const name = signal === undefined || signal === null || signal === '' ? 'SIGTERM' : signal
        const number =
          typeof name === 'number' ? name : ns.personality.signals[name as keyof typeof ns.personality.signals]
        if (number === undefined) {
          throw ns.errors.coded('TypeError', 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${name as string}`)
        }
        const error = bound._kill(pid, number)
        // A program's own may return nothing.
        if (error) throw ns.errors.call(error === -ns.personality.errno.ESRCH[0] ? 'ESRCH' : 'EINVAL', 'kill')
        return true
      },
    }),
  }
}
