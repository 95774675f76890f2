/**
 * Node's classes `FSWatcher` and `StatWatcher`, with what they watch replaced. Neither is exported: a watcher over a
 * file that always exists tells each.
 */
import { callNativeSync, keepAlive } from '@libvisor/core'
import type { EventEmitter } from 'node:events'
import { nodeFs, ownFile } from './natives.native.ts'

/** The members of both classes that are replaced. */
export interface WatcherBase extends EventEmitter {
  close(): void
  stop(): void
  ref(): this
  unref(): this
}

type WatcherClass = new (bigint?: boolean) => WatcherBase

let fsWatcherClass: WatcherClass | undefined
let statWatcherClass: WatcherClass | undefined

function findFsWatcher(): WatcherClass {
  if (fsWatcherClass === undefined) {
    const watcher = callNativeSync(nodeFs.watch as (path: string, options: object) => EventEmitter, ownFile(), { persistent: false })
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

/** Keeps the event loop alive for as long as a watcher is referenced and open. */
function createLiveness(persistent: boolean): { ref(): void; unref(): void } {
  let reference: Disposable | undefined
  const liveness = {
    ref(): void {
      reference ??= keepAlive()
    },
    unref(): void {
      reference?.[Symbol.dispose]()
      reference = undefined
    },
  }
  if (persistent) liveness.ref()
  return liveness
}

/** Gives an instance of one of Node's classes methods of its own. */
function override(watcher: WatcherBase, methods: Partial<Record<keyof WatcherBase, unknown>>): WatcherBase {
  for (const [key, value] of Object.entries(methods)) {
    Object.defineProperty(watcher, key, { value, configurable: true, writable: true, enumerable: false })
  }
  return watcher
}

/**
 * Makes an `FSWatcher` over a virtual file.
 *
 * @param options - what it holds
 * @param onClosed - announces, in a later turn, that it has closed
 */
export function createFsWatcher(options: WatcherOptions, onClosed: (watcher: WatcherBase) => void): WatcherBase {
  const watcher = new (findFsWatcher())()
  const liveness = createLiveness(options.persistent)
  let isOpen = true
  return override(watcher, {
    close() {
      if (!isOpen) return
      isOpen = false
      liveness.unref()
      options.release()
      onClosed(watcher)
    },
    ref() {
      if (isOpen) liveness.ref()
      return watcher
    },
    unref() {
      liveness.unref()
      return watcher
    },
  })
}

/**
 * Makes a `StatWatcher` over a virtual file.
 *
 * @param options - what it holds
 * @param onStopped - announces, in a later turn, that it has stopped
 */
export function createStatWatcher(options: WatcherOptions, onStopped: (watcher: WatcherBase) => void): WatcherBase {
  const watcher = new (findStatWatcher())(options.bigint)
  const liveness = createLiveness(options.persistent)
  let isOpen = true
  return override(watcher, {
    stop() {
      if (!isOpen) return
      isOpen = false
      liveness.unref()
      options.release()
      onStopped(watcher)
    },
    ref() {
      if (isOpen) liveness.ref()
      return watcher
    },
    unref() {
      liveness.unref()
      return watcher
    },
  })
}
