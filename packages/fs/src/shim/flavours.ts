/** The three flavours of an operation on paths: synchronous, with a callback, and with a promise. */
import {
  bindGuest,
  callNative,
  callNativeSync,
  currentFrame,
  deliver,
  fulfil,
  livenessOf,
  ownerHere,
} from '@libvisor/core'
import { decodeName, encodeName } from '../state/name-bytes.ts'
import type { HostPath, ResolveIntent } from '../types.ts'
import { callBackNative, isOfOtherRealm } from './adopting.ts'
import { arePlain, isValidPath } from './arguments.ts'
import { isContained } from './contained.ts'
import type { FsContext } from './context.ts'
import { restate, traceFrom, withoutTrace } from './errors.ts'
import type { Substitution } from './errors.ts'
import { NO_FD, nodeFs, nodePromises, NOWHERE } from './natives.native.ts'
import { errnoOf, runAsync, runSync } from './operation.ts'
import type { Operation } from './operation.ts'
import { undecided } from './path-operation.ts'
import type { Flavour, PathCall, PathOperation, PathUse } from './path-operation.ts'
import { showName } from './paths.ts'
import type { GuestPath } from './paths.ts'

/** A function with Node's own, dynamic, arguments. */
export type AnyFunction = (...args: unknown[]) => unknown

const SLASH = 47

/** A path of fewer UTF-16 units is not too long, whatever they are. */
const LONGEST_SIMPLE = 1024

/** The original of an operation, to which calls are passed and by which arguments are validated. */
export function originalOf(name: string, flavour: Flavour): AnyFunction {
  const exports = (flavour === 'promise' ? nodePromises : nodeFs) as unknown as Record<string, AnyFunction>
  return exports[flavour === 'sync' ? `${name}Sync` : name]!
}

/** Whether an error says that a call failed, and not that its arguments are wrong. */
export function isFailure(error: unknown): boolean {
  const { syscall, code } = error as { syscall?: unknown; code?: unknown }
  return typeof syscall === 'string' || code === 'ERR_ACCESS_DENIED' || code === 'ABORT_ERR'
}

/** One operation in one namespace: how a call of it is validated, passed on and emulated. */
export class PathCaller {
  readonly #context: FsContext
  readonly #operation: PathOperation
  readonly #flavour: Flavour
  readonly #original: AnyFunction
  /** How its only path is used, if it has one, and that is used as it is given. */
  readonly #only: PathUse | undefined
  readonly #intentOf: PathOperation['intentOf']
  /** Whether any value stands for a path. */
  readonly #coerces: boolean

  constructor(context: FsContext, operation: PathOperation, flavour: Flavour, original?: AnyFunction) {
    this.#context = context
    this.#operation = operation
    this.#flavour = flavour
    this.#original = original ?? originalOf(operation.name, flavour)
    // `fs/promises` takes paths as they are.
    this.#coerces = operation.coerces === true && flavour !== 'promise'
    this.#only = operation.paths.length === 1 && operation.coerces !== true ? operation.paths[0] : undefined
    this.#intentOf = operation.intentOf
  }

  get original(): AnyFunction {
    return this.#original
  }

  /** The intent of calls whose options are no object, if they have one path, which they follow. */
  get intentAlone(): ResolveIntent | undefined {
    if (this.#only?.follow !== true) return undefined
    return this.#intentOf === undefined ? this.#only.intent : this.#intentOf(['/', ''])
  }

  /** Whether arguments are valid without asking the original. */
  isPlain(args: readonly unknown[]): boolean {
    const { paths, rest, probeAt } = this.#operation
    for (let index = 0; index < paths.length; index++) {
      const path = args[index]
      if (probeAt !== undefined && probeAt(path) !== NOWHERE) return false
      if (this.#coerces ? typeof path !== 'string' || path.includes('\0') : !isValidPath(path)) return false
    }
    return arePlain(rest, args, paths.length)
  }

  /** The arguments with which the original can only fail, with the path if that is what is wrong. */
  probeArguments(args: readonly unknown[]): unknown[] {
    const { paths, probeAt } = this.#operation
    return args.map((value, index) =>
      index < paths.length && isValidPath(value) ? (probeAt?.(value) ?? NOWHERE) : value,
    )
  }

  /** The arguments with which the whole call may go to the original, or `undefined`. */
  hostArguments(args: readonly unknown[]): { args: unknown[]; substitutions: Substitution[] } | undefined {
    const { paths } = this.#operation
    const context = this.#context
    const intent = this.#operation.intentOf === undefined ? paths[0]!.intent : this.#operation.intentOf(args)
    if (intent === undefined) return undefined
    const hostArgs = [...args]
    const substitutions: Substitution[] = []
    for (const [index, use] of paths.entries()) {
      if (use.text === true) continue
      const path = context.path(args[index])
      const host = context.process.resolve(path.absolute, paths.length === 1 ? intent : use.intent, use.follow)
      if (host === undefined) return undefined
      const isSame = host.identical && (path.absolute === path.shown || context.cwdIsHost)
      if (isSame) continue
      if (paths.length > 1 || this.#operation.showsPath?.(args) === true) return undefined
      // A name that is not UTF-8 goes as bytes.
      hostArgs[index] = encodeName(host.path)
      substitutions.push({ host: shownName(host.path), shown: path.shown })
    }
    return { args: hostArgs, substitutions }
  }

  /** Whether there is one path, and it is plain: the way of nearly every call. */
  #isSimple(args: readonly unknown[]): boolean {
    const path = args[0]
    if (this.#only === undefined || typeof path !== 'string') return false
    return path.charCodeAt(0) === SLASH && path.length < LONGEST_SIMPLE
  }

  /** Where the path of a call is on the host, if that can be told at once. */
  recall(args: readonly unknown[]): HostPath | undefined {
    if (!this.#isSimple(args)) return undefined
    const only = this.#only!
    const intent = this.#intentOf === undefined ? only.intent : this.#intentOf(args)
    return intent === undefined ? undefined : this.#context.process.recall(args[0] as string, intent, only.follow)
  }

  /** Where the path of a call is on the host, if it is the only one, and plain. */
  hostOf(args: readonly unknown[]): HostPath | undefined {
    if (!this.#isSimple(args)) return undefined
    const only = this.#only!
    const intent = this.#intentOf === undefined ? only.intent : this.#intentOf(args)
    return intent === undefined ? undefined : this.#context.process.resolve(args[0] as string, intent, only.follow)
  }

  /** The result of a call that the process answers at once, or {@link undecided}. */
  direct(args: readonly unknown[]): unknown {
    const { process } = this.#context
    if (process.direct === undefined || !this.#isSimple(args)) return undecided
    const { direct } = this.#operation
    return direct === undefined ? undecided : direct(process.direct, this.#flavour, args)
  }

  /** Whether a call that {@link PathCaller.hostOf} placed on the host needs nothing but the host's path in place of its own. */
  isMapped(args: readonly unknown[]): boolean {
    return (args[0] as string).isWellFormed() && this.#operation.showsPath?.(args) !== true && this.isPlain(args)
  }

  /** The operation, ready to run. */
  emulate(args: readonly unknown[]): Operation<unknown> {
    const { paths } = this.#operation
    const guestPaths = paths.map((use, index): GuestPath => {
      const path = this.#coerces ? coerce(args[index]) : args[index]
      return use.text === true ? this.#text(path) : this.#context.path(path)
    })
    const call: PathCall = {
      context: this.#context,
      flavour: this.#flavour,
      given: args[0],
      path: guestPaths[0]!,
      dest: guestPaths.at(-1)!,
      args: args.slice(paths.length),
    }
    return this.#operation.run(call)
  }

  #text(path: unknown): GuestPath {
    const { given, shown } = this.#context.path(path)
    return { given, shown, absolute: typeof given === 'string' ? given.toWellFormed() : decodeName(given) }
  }
}

/** A path of the host as Node's errors tell it. */
function shownName(path: string): string {
  return showName(path, 'utf8') as string
}

/** What `realpath` makes of its path. */
function coerce(path: unknown): unknown {
  return path instanceof URL ? path : String(path)
}

/** The host's descriptor for one of the guest's: one that is never open when the guest's is not. */
export function hostDescriptor(context: FsContext, fd: number, intent: ResolveIntent): number | undefined {
  try {
    return context.process.hostFd(fd, intent)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return NO_FD
  }
}

/** Whether a value is a descriptor, and not a path or something invalid. */
export function isDescriptor(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= NO_FD
}

/** Lets the original throw if the arguments are invalid. */
function validateSync(original: AnyFunction, args: unknown[]): void {
  try {
    callNativeSync(original, ...args)
  } catch (error) {
    if (!isFailure(error)) throw error
  }
}

/** Makes the synchronous flavour. */
export function syncFlavour(context: FsContext, operation: PathOperation, original?: AnyFunction): AnyFunction {
  const caller = new PathCaller(context, operation, 'sync', original)
  const native = caller.original

  const slow = (args: unknown[]): unknown => {
    const [first] = args
    if (operation.runDescriptor !== undefined && typeof first === 'number') return onDescriptor(args)
    if (!caller.isPlain(args)) validateSync(native, caller.probeArguments(args))
    const host = caller.hostArguments(args)
    try {
      return host === undefined ? runSync(context.process, caller.emulate(args)) : callNativeSync(native, ...host.args)
    } catch (error) {
      throw host === undefined ? traceFrom(error, bound) : restate(error, host.substitutions)
    }
  }

  const onDescriptor = ([fd, ...args]: unknown[]): unknown => {
    const host = isDescriptor(fd) ? hostDescriptor(context, fd, operation.paths[0]!.intent) : (fd as number)
    if (host !== undefined) return callNativeSync(native, host, ...args)
    if (!arePlain(operation.rest, args, 0)) validateSync(native, [NO_FD, ...args])
    return runSync(context.process, operation.runDescriptor!({ context, flavour: 'sync', fd: fd as number, args }))
  }

  const mapped = (args: readonly unknown[], host: string): unknown => {
    try {
      if (args.length === 1) return callNativeSync(native, encodeName(host))
      return callNativeSync(native, encodeName(host), ...args.slice(1))
    } catch (error) {
      throw restate(error, [{ host, shown: args[0] as string }])
    }
  }

  /** What is remembered to be on the host is a valid path. */
  const mappedAlone = (path: string, host: string): unknown => {
    try {
      return native(encodeName(host))
    } catch (error) {
      throw restate(error, [{ host, shown: path }])
    }
  }

  const contained = isContained(operation.name, 'sync')
  const { intentAlone } = caller
  const mapsAlone = contained && operation.showsPath === undefined

  const pass = (...args: unknown[]): unknown => {
    let host = caller.recall(args)
    if (host?.identical === false && mapsAlone && args.length === 1) return mappedAlone(args[0] as string, host.path)
    if (host === undefined) {
      const result = caller.direct(args)
      if (result !== undecided) return result
      host = caller.hostOf(args)
    }
    if (host?.identical === true)
      return args.length === 1 ? callNativeSync(native, args[0]) : callNativeSync(native, ...args)
    return host !== undefined && caller.isMapped(args) ? mapped(args, host.path) : slow(args)
  }

  // Arguments are only spread: where none of this keeps them, V8 inlines all of it, and the original, into the guest's function.
  let bound: AnyFunction = pass
  if (contained) bound = (...args) => (context.isSame(args[0]) ? native(...args) : pass(...args))
  else if (intentAlone === 'read') {
    bound = (...args) =>
      typeof args[1] !== 'object' && context.isSame(args[0]) ? callNativeSync(native, ...args) : pass(...args)
  } else if (intentAlone === 'content' && operation.rest[0] === 'data') {
    bound = (...args) => {
      const isPlain = typeof args[2] !== 'object' && (typeof args[1] === 'string' || ArrayBuffer.isView(args[1]))
      return isPlain && context.isSameToWrite(args[0]) ? callNativeSync(native, ...args) : pass(...args)
    }
  }
  return bound
}

/** Calls back in a later turn, in the guest's own context. */
export function callBack(context: FsContext, operation: Operation<unknown>, callback: AnyFunction): void {
  const owner = ownerHere(context.ns)
  const release = livenessOf(context.ns).hold()
  runAsync(context.process, operation)
    .then(
      (value) => deliver(owner, 'io', () => void (value === undefined ? callback(null) : callback(null, value))),
      (error: unknown) => deliver(owner, 'io', () => void callback(withoutTrace(error))),
    )
    .finally(release)
}

/** Calls back in a later turn with a result that is there already. */
function callBackWith({ ns }: FsContext, value: unknown, callback: AnyFunction): void {
  deliver(ownerHere(ns), 'io', () => void (value === undefined ? callback(null) : callback(null, value)))
}

/** Where the callback is: the first function after what cannot be one. */
export function callbackIndex(args: readonly unknown[], from: number): number {
  for (let index = from; index < args.length; index++) {
    if (typeof args[index] === 'function') return index
  }
  return -1
}

/** A callback that does nothing, with the name that a message may tell. */
export function silenced(callback: AnyFunction): AnyFunction {
  return Object.defineProperty((): void => {}, 'name', { value: callback.name })
}

/** Makes the flavour with a callback. */
export function callbackFlavour(context: FsContext, operation: PathOperation, original?: AnyFunction): AnyFunction {
  const caller = new PathCaller(context, operation, 'callback', original)
  const native = caller.original
  // Another realm's guest is kept alive by the call.
  const contained = isContained(operation.name, 'callback') && !isOfOtherRealm(context.ns)

  return (...args) => {
    const at = callbackIndex(args, operation.paths.length)
    // Without a callback the arguments are invalid in any case.
    if (at < 0) return callNative(native, ...caller.probeArguments(args))
    const callback = args[at] as AnyFunction
    const before = args.slice(0, at)
    let place = caller.recall(before)
    if (place === undefined) {
      const result = caller.direct(before)
      if (result !== undecided) return callBackWith(context, result, callback)
      place = caller.hostOf(before)
    }
    if (place?.identical === true) {
      if (!contained) return callBackNative(context.ns, native, before, callback)
      // Node itself calls back in the guest's async context.
      return native(...before, currentFrame() === undefined ? callback : bindGuest(callback))
    }
    const [fd] = args
    if (operation.runDescriptor !== undefined && typeof fd === 'number') return onDescriptor(args, at)
    if (!caller.isPlain(before)) callNative(native, ...caller.probeArguments(args.with(at, silenced(callback))))
    const host = caller.hostArguments(before)
    if (host === undefined) return callBack(context, caller.emulate(before), callback)
    return callBackNative(context.ns, native, host.args, (error, ...results) => {
      if (error === null || error === undefined) callback(error, ...results)
      else callback(restate(error, host.substitutions))
    })
  }

  function onDescriptor(args: unknown[], at: number): unknown {
    const [fd, ...rest] = args.slice(0, at)
    const callback = args[at] as AnyFunction
    const host = isDescriptor(fd) ? hostDescriptor(context, fd, operation.paths[0]!.intent) : (fd as number)
    if (host !== undefined) return callBackNative(context.ns, native, [host, ...rest], callback)
    if (!arePlain(operation.rest, rest, 0)) callNative(native, NO_FD, ...rest, silenced(callback))
    const call = { context, flavour: 'callback', fd: fd as number, args: rest } as const
    return callBack(context, operation.runDescriptor!(call), callback)
  }
}

/**
 * Settles in a later turn, in the guest's own context.
 *
 * @param context - of the namespace
 * @param run - started at once; what it throws rejects
 */
export function promiseOf<Result>(context: FsContext, run: () => Promise<Result>): Promise<Result> {
  const { ns } = context
  const owner = ownerHere(ns)
  // An async function, so that errors tell which of the guest's functions were waiting.
  const settle = async (): Promise<Result> => {
    try {
      const result = await new Promise<Result>((resolve, reject) => {
        const release = livenessOf(ns).hold()
        run()
          .then(
            (value) => deliver(owner, 'io', () => resolve(value)),
            (error: unknown) => deliver(owner, 'io', () => reject(error as Error)),
          )
          .finally(release)
      })
      return ns.adopt(result)
    } catch (error) {
      throw ns.adopt(traceFrom(error, settle))
    }
  }
  return ns.adopt(settle())
}

/** Settles in a later turn with a result that is there already. */
function promiseWith<Result>({ ns }: FsContext, value: Result): Promise<Result> {
  const promise = new Promise<Result>((resolve) => fulfil(ns, resolve, ns.adopt(value)))
  return ns.adopt(promise)
}

/** Lets the original reject if the arguments are invalid. */
export async function validateAsync(original: AnyFunction, args: unknown[]): Promise<void> {
  try {
    await callNative(original, ...args)
  } catch (error) {
    if (!isFailure(error)) throw error
  }
}

/** Makes the flavour with a promise. */
export function promiseFlavour(context: FsContext, operation: PathOperation): AnyFunction {
  const caller = new PathCaller(context, operation, 'promise')
  const native = caller.original
  const contained = isContained(operation.name, 'promise')

  const slow = async (args: unknown[]): Promise<unknown> => {
    if (!caller.isPlain(args)) await validateAsync(native, caller.probeArguments(args))
    const host = caller.hostArguments(args)
    if (host === undefined) return runAsync(context.process, caller.emulate(args))
    try {
      return await callNative(native, ...host.args)
    } catch (error) {
      throw restate(error, host.substitutions)
    }
  }

  // The host's own promise settles in a later turn, and in the context of whoever waits for it.
  const mapped = async (args: readonly unknown[], host: string): Promise<unknown> => {
    try {
      return await callNative(native, encodeName(host), ...args.slice(1))
    } catch (error) {
      throw restate(traceFrom(error, mapped), [{ host: shownName(host), shown: args[0] as string }])
    }
  }

  return (...args) => {
    let host = caller.recall(args)
    if (host === undefined) {
      const result = caller.direct(args)
      if (result !== undecided) return promiseWith(context, result)
      host = caller.hostOf(args)
    }
    if (host?.identical === true) return contained ? native(...args) : callNative(native, ...args)
    return host !== undefined && caller.isMapped(args) ? mapped(args, host.path) : promiseOf(context, () => slow(args))
  }
}
