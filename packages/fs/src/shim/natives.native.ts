/**
 * What the shim needs of Node's own `fs`: the original functions, the classes of its results, and its errors.
 *
 * Results must be Node's in the sense of `instanceof`, so the prototypes come from real results. Arguments are
 * validated by the originals, so that errors, their order and their wording are the running Node's.
 */
import { createRequire } from 'node:module'
import { host, original } from '@libvisor/abi'
import { callNative, callNativeSync } from '@libvisor/core'

/** The exports of `fs` before any patch. */
export const nodeFs = original('fs')

/** The exports of `fs/promises` before any patch. */
export const nodePromises = original('fs/promises')

/** `path`, of which nothing is ever virtual. */
export const nodePath = original('path')

/** `fileURLToPath`, which also checks the URL. Few paths are URLs, so `url` is loaded when one is. */
export function fileURLToPath(url: URL): string {
  return original('url').fileURLToPath(url)
}

/** The host's working directory. Node caches it. */
export const hostCwd = host.cwd

let minimatch: typeof import('./minimatch.ts') | undefined

/** Loads what matches the patterns of `glob`, which few programs use. */
export function loadMinimatch(): typeof import('./minimatch.ts') {
  if (minimatch === undefined) {
    const require = createRequire(import.meta.url)
    minimatch = callNativeSync(() => require('./minimatch.ts') as typeof import('./minimatch.ts'))
  }
  return minimatch
}

/** A path at which every operation fails with ENOTDIR, and none has an effect. */
export const NOWHERE = '/dev/null/x'

/** A descriptor that is never open. */
export const NO_FD = 2 ** 31 - 1

/** What the constructor of Node's `SystemError` takes. */
export interface SystemErrorContext {
  readonly code: string
  readonly message: string
  readonly path?: string
  readonly dest?: string
  readonly syscall: string
  readonly errno: number
}

type SystemErrorClass = new (key: string, context: SystemErrorContext) => Error

let systemErrorClass: SystemErrorClass | undefined
const codedClasses = new Map<string, SystemErrorClass>()

function findSystemError(): SystemErrorClass {
  if (systemErrorClass === undefined) {
    try {
      original('os').getPriority(NO_FD)
    } catch (error) {
      // Its own class has the code built in; the one above takes any.
      systemErrorClass = Object.getPrototypeOf((error as Error).constructor) as SystemErrorClass
    }
  }
  return systemErrorClass!
}

/**
 * Makes one of the errors that Node's JavaScript, and not the system, gives for files, such as `ERR_FS_EISDIR`.
 *
 * @source Node 24 `lib/internal/errors.js`, class SystemError
 */
export function systemError(key: string, context: SystemErrorContext): Error {
  return new (findSystemError())(key, context)
}

/**
 * The same with a class for each code, as `cp` has them: `ERR_FS_CP_…`.
 *
 * @source Node 24 `lib/internal/errors.js`, makeNodeErrorWithCode
 */
export function codedSystemError(key: string, context: SystemErrorContext): Error {
  let coded = codedClasses.get(key)
  if (coded === undefined) {
    coded = class NodeError extends findSystemError() {}
    codedClasses.set(key, coded)
  }
  return new coded(key, context)
}

/** Makes Node's `AbortError` for a signal that has been aborted. */
export function abortError(signal: AbortSignal): Error {
  let result: Error | undefined
  callNativeSync(nodeFs.readFile as (...args: unknown[]) => void, NOWHERE, { signal }, (error: Error) => {
    result = error
  })
  return result!
}

let bigIntStatsPrototype: object | undefined

/** The prototype of what `stat` gives with `bigint: true`; Node does not export its class. */
export function bigIntStats(): object {
  if (bigIntStatsPrototype === undefined) {
    const stats = callNativeSync(nodeFs.statSync, ownFile(), { bigint: true })
    bigIntStatsPrototype = Object.getPrototypeOf(stats) as object
  }
  return bigIntStatsPrototype
}

let statFsPrototype: object | undefined

/** The prototype of what `statfs` gives; Node does not export its class. */
export function statFs(): object {
  return (statFsPrototype ??= Object.getPrototypeOf(callNativeSync(nodeFs.statfsSync, ownFile())) as object)
}

/** Node's own handle behind a `FileHandle`, as far as `FileHandle` uses it. */
export interface NativeHandle {
  readonly fd: number
  close(): Promise<void>
  closeSync(): void
  getAsyncId(): number
}

/** Node's class `FileHandle`, whose constructor takes the native handle. */
export type FileHandleClass = new (handle: NativeHandle) => FileHandleBase

/** The members of Node's `FileHandle` that the shim relies on. */
export interface FileHandleBase {
  readonly fd: number
  on(event: string, listener: () => void): this
}

let fileHandleClass: Promise<FileHandleClass> | undefined

/** Node's class `FileHandle`. It is not exported: only an open file tells it. */
export function fileHandle(): Promise<FileHandleClass> {
  return (fileHandleClass ??= (async () => {
    const handle = await callNative(nodePromises.open, ownFile())
    await callNative(handle.close)
    return handle.constructor as unknown as FileHandleClass
  })())
}

/** A file that can always be read, also under Node's permission model: the one in which this code is. */
export function ownFile(): string {
  return import.meta.filename
}

/** The key under which a function keeps its own way of being promisified. */
export const promisifyCustom: symbol = Symbol.for('nodejs.util.promisify.custom')

/** Emits a warning of the process. */
export const warn: (message: string, type?: string, code?: string) => void = host.emitWarning
