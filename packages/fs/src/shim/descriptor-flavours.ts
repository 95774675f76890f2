/** The two flavours of an operation on descriptors: synchronous, and with a callback. */
import { bindGuest, callNative, callNativeSync, deliver, livenessOf, ownerHere } from '@libvisor/core'
import { callBackNative } from './adopting.ts'
import { arePlain } from './arguments.ts'
import type { FsContext } from './context.ts'
import { runAtOnce } from './descriptors.ts'
import type { DescriptorOperation, Transfer } from './descriptors.ts'
import { traceFrom, withoutTrace } from './errors.ts'
import { callBack, callbackIndex, hostDescriptor, isDescriptor, isFailure, originalOf, silenced } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { NO_FD, nodeFs } from './natives.native.ts'
import { attempt, runAsync, runSync } from './operation.ts'
import type { Operation } from './operation.ts'
import type { DescriptorCall } from './path-operation.ts'

function isPlain(operation: DescriptorOperation, call: DescriptorCall): boolean {
  return operation.isPlain?.(call.args, call) ?? arePlain(operation.rest, call.args, 0)
}

/** Makes the synchronous flavour. */
export function syncDescriptorFlavour(context: FsContext, operation: DescriptorOperation): AnyFunction {
  const native = originalOf(operation.name, 'sync')
  const bound: AnyFunction = (...args) => {
    const [fd, ...rest] = args
    if (!isDescriptor(fd)) return callNativeSync(native, ...args)
    const host = hostDescriptor(context, fd, operation.intent)
    if (host !== undefined) return callNativeSync(native, host, ...rest)
    const call: DescriptorCall = { context, flavour: 'sync', fd, args: rest }
    if (!isPlain(operation, call)) {
      try {
        // It comes back only where nothing was to be done, and says so.
        return callNativeSync(native, NO_FD, ...rest)
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
    try {
      const result = runAtOnce(operation, call)
      return operation.transfers === true ? (result as Transfer).bytes : result
    } catch (error) {
      throw traceFrom(error, bound)
    }
  }
  return bound
}

/** Makes the flavour with a callback. */
export function callbackDescriptorFlavour(context: FsContext, operation: DescriptorOperation): AnyFunction {
  const native = originalOf(operation.name, 'callback')
  return (...args) => {
    const at = callbackIndex(args, 1)
    const [fd] = args
    if (at < 0 || !isDescriptor(fd)) return callNative(native, ...args.map(bindGuest))
    const callback = args[at] as AnyFunction
    const rest = args.slice(1, at)
    const host = hostDescriptor(context, fd, operation.intent)
    if (host !== undefined) return callBackNative(context.ns, native, [host, ...rest], callback)
    const call: DescriptorCall = { context, flavour: 'callback', fd, args: rest }
    if (!isPlain(operation, call)) callNative(native, NO_FD, ...rest, silenced(callback))
    const run = context.process.local ? callBackHere : callBackElsewhere
    run(operation, call, callback)
  }
}

/** Calls back in a later turn with what comes of files of this thread: nobody else's turn can come between. */
function callBackHere(operation: DescriptorOperation, call: DescriptorCall, callback: AnyFunction): void {
  const owner = ownerHere(call.context.ns)
  let result: unknown
  try {
    result = runAtOnce(operation, call)
  } catch (error) {
    return deliver(owner, 'io', () => tellFailure(operation, call, callback, error))
  }
  deliver(owner, 'io', () => tellResult(operation, callback, result))
}

/** The same with files of another thread. */
function callBackElsewhere(operation: DescriptorOperation, call: DescriptorCall, callback: AnyFunction): void {
  const { ns, process } = call.context
  const owner = ownerHere(ns)
  const release = livenessOf(ns).hold()
  runAsync(process, operation.run(call))
    .then(
      (result) => deliver(owner, 'io', () => tellResult(operation, callback, result)),
      (error: unknown) => deliver(owner, 'io', () => tellFailure(operation, call, callback, error)),
    )
    .finally(release)
}

function tellResult({ transfers }: DescriptorOperation, callback: AnyFunction, result: unknown): void {
  if (transfers === true) {
    const { bytes, subject } = result as Transfer
    callback(null, bytes, subject)
  } else if (result === undefined) callback(null)
  else callback(null, result)
}

function tellFailure(
  { transfers, subjectOf }: DescriptorOperation,
  { args }: DescriptorCall,
  callback: AnyFunction,
  error: unknown,
): void {
  if (transfers !== true) return void callback(withoutTrace(error))
  callback(withoutTrace(error), 0, subjectOf?.(args) ?? args.find((value) => ArrayBuffer.isView(value)))
}

function* close({ context, fd }: DescriptorCall): Operation<void> {
  yield* attempt(context.ns, { syscall: 'close' }, 'close', fd)
}

/** `closeSync`: the guest's descriptor is closed, and what is behind it with it. */
export function closeSyncFlavour(context: FsContext): AnyFunction {
  return (...args) => {
    const [fd] = args
    if (!isDescriptor(fd)) return callNativeSync(nodeFs.closeSync as AnyFunction, ...args)
    return runSync(context.process, close({ context, flavour: 'sync', fd, args: [] }))
  }
}

/** `close`: without a callback, a failure is thrown where nobody can catch it. */
export function closeFlavour(context: FsContext): AnyFunction {
  return (...args) => {
    const [fd, callback] = args
    const isValid = isDescriptor(fd) && (callback === undefined || typeof callback === 'function')
    if (!isValid) return callNative(nodeFs.close as AnyFunction, isDescriptor(fd) ? NO_FD : fd, ...args.slice(1))
    const done = (callback ?? throwFailure) as AnyFunction
    callBack(context, close({ context, flavour: 'callback', fd, args: [] }), done)
  }
}

function throwFailure(error: unknown): void {
  if (error !== null && error !== undefined) throw error
}
