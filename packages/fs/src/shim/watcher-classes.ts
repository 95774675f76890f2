/**
 * Node's classes `FSWatcher` and `StatWatcher`, with what they watch replaced. Neither is exported: a watcher over a
 * file that always exists tells each.
 */
import { callNativeSync, keepAlive } from '@libvisor/core'
import type { EventEmitter } from 'node:events'
import { nodeFs, ownFile } from './natives.native.ts'

/** The members of both classes that the shim uses. */
export interface WatcherBase extends EventEmitter {
  close(): void
  stop(): void
  ref(): this
  unref(): this
  _handle: object | null
}

type WatcherClass = new (bigint?: boolean) => WatcherBase

let fsWatcherClass: WatcherClass | undefined
let statWatcherClass: WatcherClass | undefined

function findFsWatcher(): WatcherClass {
  if (fsWatcherClass === undefined) {
    const watcher = callNativeSync(nodeFs.watch as (path: string, options: object) => EventEmitter, ownFile(), {
      persistent: false,
    })
    ;(watcher as WatcherBase).close()
    fsWatcherClass = watcher.constructor as WatcherClass
  }
  return fsWatcherClass
}

function findStatWatcher(): WatcherClass {
  if (statWatcherClass === undefined) {
    const ignore = (): void => {}
    const watcher = callNativeSync(nodeFs.watchFile as never, ownFile(), { persistent: false }, ignore) as WatcherBase
    callNativeSync(nodeFs.unwatchFile as never, ownFile(), ignore)
    statWatcherClass = watcher.constructor as unknown as WatcherClass
  }
  return statWatcherClass
}

/** What a virtual watcher holds. */
export interface WatcherOptions {
  readonly persistent: boolean
  readonly bigint?: boolean
  /** Ends the watching. Called once. */
  readonly release: () => void
}

/** The native handle of a watcher, as far as Node's classes use it. */
interface WatcherHandle {
  readonly initialized: true
  close(): void
  ref(): void
  unref(): void
  getAsyncId(): number
}

/** The async id of what the event loop itself started. */
const ROOT_ASYNC_ID = 1

/** Stands for a native handle: keeps the event loop alive while it is referenced and open. */
function createHandle({ persistent, release }: WatcherOptions): WatcherHandle {
  let reference: Disposable | undefined
  const unref = (): void => {
    reference?.[Symbol.dispose]()
    reference = undefined
  }
  const handle: WatcherHandle = {
    initialized: true,
    close() {
      unref()
      release()
    },
    ref() {
      reference ??= keepAlive()
    },
    unref,
    getAsyncId: () => ROOT_ASYNC_ID,
  }
  if (persistent) handle.ref()
  return handle
}

/**
 * Makes an `FSWatcher` over a virtual file.
 *
 * @param options - what it holds
 */
export function createFsWatcher(options: WatcherOptions): WatcherBase {
  const watcher = new (findFsWatcher())()
  // Node insists on a handle of its own class.
  const prototype = Object.getPrototypeOf(watcher._handle) as object
  const handle = Object.create(prototype, Object.getOwnPropertyDescriptors(createHandle(options))) as object
  watcher._handle = handle
  return watcher
}

/**
 * Makes a `StatWatcher` over a virtual file.
 *
 * @param options - what it holds
 */
export function createStatWatcher(options: WatcherOptions): WatcherBase {
  const watcher = new (findStatWatcher())(options.bigint)
  watcher._handle = createHandle({ ...options, persistent: true })
  if (!options.persistent) watcher.unref()
  return watcher
}

/**
 * Counts the listeners of a `StatWatcher` as Node does, which decides when `unref` has an effect.
 *
 * @param watcher - made by {@link createStatWatcher}
 * @param operation - `add` for one more, `clean` for one less, `cleanAll` for none
 */
export function countReference(watcher: WatcherBase, operation: 'add' | 'clean' | 'cleanAll'): void {
  const prototype = findStatWatcher().prototype as object
  const symbol = Object.getOwnPropertySymbols(prototype).find(
    ({ description }) => description === 'kFSStatWatcherAddOrCleanRef',
  )
  if (symbol !== undefined) (watcher as unknown as Record<symbol, (operation: string) => void>)[symbol]!(operation)
}
