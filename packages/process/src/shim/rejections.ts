import type { Namespace } from '@libvisor/core'
import type { ReportingOptions } from '../state/node-options.ts'

/** What a process does about rejected promises that nobody handles. */
export interface Rejections {
  rejected(reason: unknown, promise: Promise<unknown>): void
  handledLate(promise: Promise<unknown>): void
}

/** What the handling of rejections needs. */
export interface RejectionOptions {
  readonly ns: Namespace
  readonly process: NodeJS.Process
  readonly mode: ReportingOptions['unhandledRejections']
  readonly uncaught: (error: unknown, origin: 'unhandledRejection') => void
  /** What `util.inspect` shows. */
  readonly inspect: (value: unknown) => string
}

/** Whether a reason tells by itself where it comes from. */
const isErrorLike = (reason: unknown): reason is { readonly stack: string } =>
  typeof reason === 'object' && reason !== null && Object.hasOwn(reason, 'stack')

/**
 * Makes what a process does about rejections, as `--unhandled-rejections` says.
 *
 * @param options - the guest, and what its command line says
 * @returns hears of rejections
 * @source Node 24 `lib/internal/process/promises.js`
 */
export function createRejections(options: RejectionOptions): Rejections {
  const { ns, process, mode, uncaught, inspect } = options
  const ids = new WeakMap<object, number>()
  let lastId = 0

  const say = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return typeof value === 'symbol' ? value.toString() : String(value)
    try {
      return isError(value) ? `${value.name}: ${value.message}` : describeObject(value)
    } catch {
      return inspect(value)
    }
  }
  const isError = (value: object): value is Error => value instanceof ns.intrinsics.Error || value instanceof Error
  const describeObject = (value: object): string => {
    const { constructor } = value as { constructor?: { name?: unknown } }
    return `#<${typeof constructor?.name === 'string' ? constructor.name : 'Object'}>`
  }

  const asError = (reason: unknown): unknown => {
    if (isErrorLike(reason)) return reason
    const error = ns.errors.coded(
      'Error',
      'ERR_UNHANDLED_REJECTION',
      'This error originated either by throwing inside of an async function without a catch block, or by rejecting a ' +
        `promise which was not handled with .catch(). The promise rejected with the reason "${say(reason)}".`,
    )
    error.name = 'UnhandledPromiseRejection'
    return error
  }
  const emit = (reason: unknown, promise: Promise<unknown>): boolean =>
    process.emit('unhandledRejection', reason, promise)

  const warn = (reason: unknown, promise: Promise<unknown>): void => {
    const name = 'UnhandledPromiseRejectionWarning'
    process.emitWarning(isErrorLike(reason) ? String(reason.stack) : say(reason), name)
    const warning = new ns.intrinsics.Error(
      'Unhandled promise rejection. This error originated either by throwing inside of an async function without a ' +
        'catch block, or by rejecting a promise which was not handled with .catch(). To terminate the node process on ' +
        'unhandled promise rejection, use the CLI flag `--unhandled-rejections=strict` (see ' +
        `https://nodejs.org/api/cli.html#cli_unhandled_rejections_mode). (rejection id: ${ids.get(promise)})`,
    )
    warning.name = name
    if (isErrorLike(reason)) warning.stack = String(reason.stack)
    process.emitWarning(warning)
  }

  return {
    rejected(reason, promise) {
      ids.set(promise, ++lastId)
      switch (mode) {
        case 'none':
          emit(reason, promise)
          return
        case 'warn':
          emit(reason, promise)
          warn(reason, promise)
          return
        case 'warn-with-error-code':
          if (emit(reason, promise)) return
          warn(reason, promise)
          process.exitCode = 1
          return
        case 'strict':
          uncaught(asError(reason), 'unhandledRejection')
          if (!ns.ended && !emit(reason, promise)) warn(reason, promise)
          return
        case 'throw':
          if (!emit(reason, promise)) uncaught(asError(reason), 'unhandledRejection')
      }
    },

    handledLate(promise) {
      if (process.emit('rejectionHandled', promise)) return
      const id = ids.get(promise)
      const warning = new ns.intrinsics.Error(
        `Promise rejection was handled asynchronously (rejection id: ${id})`,
      ) as Error & { id?: number | undefined }
      warning.name = 'PromiseRejectionHandledWarning'
      warning.id = id
      process.emitWarning(warning)
    },
  }
}
