/** The exports of `fs` and `fs/promises` as one namespace sees them. */
import { getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { mimic, unsupported } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type * as nodeFsTypes from 'node:fs'
import type * as nodePromisesTypes from 'node:fs/promises'
import { adopting, isOfEachFunction } from './adopting.ts'
import { attributeOperations } from './attributes.ts'
import { openAsBlob, openAsBlobSync } from './blob.ts'
import { contentOperations } from './contents.ts'
import { FsContext } from './context.ts'
import { createCp } from './cp.ts'
import {
  callbackDescriptorFlavour,
  closeFlavour,
  closeSyncFlavour,
  syncDescriptorFlavour,
} from './descriptor-flavours.ts'
import { descriptorOperations } from './descriptors.ts'
import { createOpendir } from './dir.ts'
import { directoryOperations } from './directories.ts'
import { exists, existsSync } from './existence.ts'
import { callbackFlavour, promiseFlavour, syncFlavour } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { createGlob } from './glob.ts'
import { nameOperations, nativeRealpath } from './names.ts'
import { nodeFs, nodePromises } from './natives.native.ts'
import { createOpen, onHandle } from './open.ts'
import { removeOperations } from './remove.ts'
import { createStreams } from './streams.ts'
import { mkdtempDisposable, mkdtempDisposableSync } from './temporary.ts'
import { createUtf8Stream } from './utf8-stream.ts'
import { createWatch, createWatchIterator } from './watch.ts'
import { createWatchFile } from './watch-file.ts'

type Exports = Record<PropertyKey, unknown>

/** The two modules of one namespace. */
export interface FsModules {
  readonly context: FsContext
  readonly fs: typeof nodeFsTypes
  readonly promises: typeof nodePromisesTypes
}

const pathOperations = [
  ...attributeOperations,
  ...nameOperations,
  ...directoryOperations,
  ...removeOperations,
  ...contentOperations,
]

/** What is the same for everybody: classes, constants, and functions that only compute. */
const shared: ReadonlySet<string> = new Set(['Stats', 'Dirent', 'Dir', '_toUnixTimestamp', 'lchmod'])

/**
 * Makes the exports of `fs` and `fs/promises` for one namespace.
 *
 * @param ns - the namespace; its file system is asked for when the first call is made
 */
export function createFsModules(ns: Namespace): FsModules {
  const context = new FsContext(ns)
  const fs: Exports = {}
  const own = createFunctions(context, () => fs)
  const promises = furnish(ns, {}, nodePromises as unknown as Exports, createPromises(context), 'fs/promises')
  furnish(ns, fs, nodeFs as unknown as Exports, own, 'fs')
  Object.defineProperty(fs, 'promises', { configurable: true, enumerable: true, get: () => promises })
  return { context, fs: fs as unknown as typeof nodeFsTypes, promises: promises as unknown as typeof nodePromisesTypes }
}

/** What the types of Node 24 do not know, or know as something else than a value. */
type NewerExport = 'FileReadStream' | 'FileWriteStream' | 'Utf8Stream' | 'openAsBlobSync'

/** The functions of `fs`, synchronous and with callbacks. */
function createFunctions(context: FsContext, exports: () => Exports): Exports {
  const own: Exports = {}
  for (const operation of pathOperations) {
    own[operation.name] = callbackFlavour(context, operation)
    own[`${operation.name}Sync`] = syncFlavour(context, operation)
  }
  for (const operation of descriptorOperations) {
    own[operation.name] = callbackDescriptorFlavour(context, operation)
    own[`${operation.name}Sync`] = syncDescriptorFlavour(context, operation)
  }
  const opendir = createOpendir(context)
  const cp = createCp(context)
  const glob = createGlob(context)
  const streams = createStreams(context, exports as never)
  const realpath = nodeFs.realpath.native as AnyFunction
  const realpathSync = nodeFs.realpathSync.native as AnyFunction
  Object.assign(own, {
    exists: exists(context),
    existsSync: existsSync(context),
    close: closeFlavour(context),
    closeSync: closeSyncFlavour(context),
    opendir: opendir.callback,
    opendirSync: opendir.sync,
    cp: cp.callback,
    cpSync: cp.sync,
    glob: glob.callback,
    globSync: glob.sync,
    watch: createWatch(context),
    ...createWatchFile(context),
    openAsBlob: openAsBlob(context),
    openAsBlobSync: openAsBlobSync(context),
    mkdtempDisposableSync: mkdtempDisposableSync(context, own.mkdtempSync as AnyFunction),
    createReadStream: streams.createReadStream,
    createWriteStream: streams.createWriteStream,
    // Node loads these when they are first used.
    ReadStream: () => streams.ReadStream,
    WriteStream: () => streams.WriteStream,
    FileReadStream: () => streams.ReadStream,
    FileWriteStream: () => streams.WriteStream,
    Utf8Stream: () => createUtf8Stream(exports),
  } satisfies Partial<Record<NewerExport | keyof typeof nodeFsTypes, unknown>>)
  const natives = {
    realpath: callbackFlavour(context, nativeRealpath, realpath),
    realpathSync: syncFlavour(context, nativeRealpath, realpathSync),
  }
  const { ns } = context
  defineOwn(own.realpath, 'native', adopting(ns, 'realpath', natives.realpath), realpath)
  defineOwn(own.realpathSync, 'native', adopting(ns, 'realpathSync', natives.realpathSync), realpathSync)
  return own
}

/** The functions of `fs/promises`. */
function createPromises(context: FsContext): Exports {
  const own: Exports = {}
  for (const operation of pathOperations) own[operation.name] = promiseFlavour(context, operation)
  for (const name of ['readFile', 'writeFile', 'appendFile']) own[name] = onHandle(name, own[name] as AnyFunction)
  return Object.assign(own, {
    open: createOpen(context),
    opendir: createOpendir(context).promise,
    cp: createCp(context).promise,
    glob: createGlob(context).promise,
    watch: createWatchIterator(context),
    mkdtempDisposable: mkdtempDisposable(context, own.mkdtemp as AnyFunction),
  } satisfies Partial<Record<keyof typeof nodePromisesTypes, unknown>>)
}

function defineOwn(target: unknown, key: string, value: object, original: object): void {
  Object.defineProperty(target, key, {
    value: mimic(original, value),
    configurable: true,
    writable: true,
    enumerable: true,
  })
}

/**
 * Copies what the original exports: with the namespace's functions in their places, and none that is unknown.
 *
 * @param ns - the namespace
 * @param target - what the guest gets
 * @param original - Node's own exports
 * @param own - the namespace's functions
 * @param module - how a function that is missing is named
 */
function furnish(ns: Namespace, target: Exports, original: Exports, own: Exports, module: string): Exports {
  for (const key of ownKeys(original)) {
    const descriptor = getOwnPropertyDescriptor(original, key)!
    const { enumerable = true } = descriptor
    const name = String(key)
    if (Object.hasOwn(own, key) && descriptor.get !== undefined) {
      Object.defineProperty(target, key, lazy(own[key] as () => AnyFunction, descriptor))
    } else if (Object.hasOwn(own, key)) {
      const value = adorn(adopting(ns, name, own[key] as AnyFunction), original[key] as AnyFunction)
      Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true })
    } else if (typeof descriptor.value !== 'function' || shared.has(name)) {
      // The captured exports are frozen; a guest's are not.
      const writable = descriptor.get === undefined ? { writable: name !== 'constants' } : {}
      Object.defineProperty(target, key, { ...descriptor, ...writable, configurable: true })
    } else {
      const refuse = (): never => {
        throw unsupported(`${module}.${name}`)
      }
      Object.defineProperty(target, key, { value: refuse, enumerable, writable: true, configurable: true })
    }
  }
  return Object.setPrototypeOf(target, ns.intrinsics.Object.prototype as object) as Exports
}

/** An accessor that makes its value when it is first asked for, and takes another where the original does. */
function lazy(make: () => AnyFunction, original: PropertyDescriptor): PropertyDescriptor {
  let value: unknown
  let isMade = false
  const get = (): unknown => {
    if (!isMade) {
      value = adorn(make(), original.get!.call(nodeFs) as AnyFunction)
      isMade = true
    }
    return value
  }
  const set = (replacement: unknown): void => {
    value = replacement
    isMade = true
  }
  const { enumerable = true } = original
  return { get, ...(original.set === undefined ? {} : { set }), enumerable, configurable: true }
}

/** Gives a function the properties of its original, but for those it has of its own. */
function adorn(own: AnyFunction, original: AnyFunction): AnyFunction {
  for (const [key, descriptor] of adornmentsOf(original)) {
    if (isOfEachFunction(key) || !Object.hasOwn(own, key)) Object.defineProperty(own, key, descriptor)
  }
  return own
}

const adornments = new WeakMap<AnyFunction, readonly (readonly [PropertyKey, PropertyDescriptor])[]>()

/** The properties of one of Node's functions: the same for each namespace, of which a thread may have hundreds. */
function adornmentsOf(original: AnyFunction): readonly (readonly [PropertyKey, PropertyDescriptor])[] {
  let known = adornments.get(original)
  if (known === undefined) {
    const keys = ownKeys(original).filter((key) => key !== 'prototype')
    known = keys.map((key) => [key, { ...getOwnPropertyDescriptor(original, key), configurable: true }] as const)
    adornments.set(original, known)
  }
  return known
}
