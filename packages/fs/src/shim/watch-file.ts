/** `watchFile` and `unwatchFile`: over virtual files at every change, over the host's as the host polls them. */
import { bindGuest, callNative, callNativeSync, deliver, ownerHere } from '@libvisor/core'
import type { StatRecord } from '../types.ts'
import { isValidPath } from './arguments.ts'
import type { FsContext } from './context.ts'
import type { AnyFunction } from './flavours.ts'
import { nodeFs, nodePath, ownFile } from './natives.native.ts'
import { errnoOf } from './operation.ts'
import { makeStats } from './results.ts'
import { watchedHostPath } from './watch.ts'
import { countReference, createStatWatcher } from './watcher-classes.ts'
import type { WatcherBase } from './watcher-classes.ts'

interface WatchFileOptions {
  readonly bigint?: boolean
  readonly persistent?: boolean
}

/** What is told of a file that is not there. */
const nothing: StatRecord = Object.freeze({
  dev: 0,
  mode: 0,
  nlink: 0,
  uid: 0,
  gid: 0,
  rdev: 0,
  blksize: 0,
  ino: 0,
  size: 0,
  blocks: 0,
  atimeNs: 0n,
  mtimeNs: 0n,
  ctimeNs: 0n,
  birthtimeNs: 0n,
})

/** What libuv compares. @source libuv 1.51 `src/fs-poll.c`, statbuf_eq */
const compared = ['ctimeNs', 'mtimeNs', 'birthtimeNs', 'size', 'mode', 'uid', 'gid', 'ino', 'dev'] as const

/** One virtual file that is watched. */
class WatchedFile {
  readonly watcher: WatcherBase
  readonly #context: FsContext
  readonly #path: string
  readonly #bigint: boolean
  readonly #owner
  readonly #subscription: Disposable | undefined
  #last: StatRecord
  #isPending = false
  #isOpen = true

  constructor(context: FsContext, path: string, options: WatchFileOptions) {
    this.#context = context
    this.#path = path
    this.#bigint = options.bigint === true
    this.#owner = ownerHere(context.ns)
    this.#last = this.#stat()
    this.#subscription = this.#subscribe(path)
    const { persistent = true } = options
    this.watcher = createStatWatcher({ persistent, bigint: this.#bigint, release: () => this.#release() })
    // Node tells at once of a file that is not there.
    if (this.#last === nothing) deliver(this.#owner, 'io', () => this.#tell(nothing, nothing))
  }

  #release(): void {
    this.#isOpen = false
    this.#subscription?.[Symbol.dispose]()
  }

  #stat(): StatRecord {
    try {
      return this.#context.process.sync.stat(this.#path)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      return nothing
    }
  }

  /** Listens at the nearest directory that exists. */
  #subscribe(path: string): Disposable | undefined {
    const parent = nodePath.dirname(path)
    try {
      return this.#context.process.watch(parent, parent !== nodePath.dirname(this.#path), () => this.#check())
    } catch (error) {
      if (errnoOf(error) === undefined || parent === path) throw error
      return this.#subscribe(parent)
    }
  }

  #check(): void {
    if (this.#isPending) return
    this.#isPending = true
    deliver(this.#owner, 'io', () => {
      this.#isPending = false
      const last = this.#last
      const next = this.#stat()
      this.#last = next
      if (compared.some((field) => next[field] !== last[field])) this.#tell(next, last)
    })
  }

  #tell(next: StatRecord, last: StatRecord): void {
    if (this.#isOpen) this.watcher.emit('change', makeStats(next, this.#bigint), makeStats(last, this.#bigint))
  }
}

/** Makes `watchFile` and `unwatchFile`. */
export function createWatchFile(context: FsContext): Record<'unwatchFile' | 'watchFile', AnyFunction> {
  const files = new Map<string, WatchedFile>()
  const hostListeners = new WeakMap<object, AnyFunction>()
  const nativeWatch = nodeFs.watchFile as unknown as AnyFunction
  const nativeUnwatch = nodeFs.unwatchFile as unknown as AnyFunction

  const boundListener = (listener: unknown): unknown => {
    if (typeof listener !== 'function') return listener
    let bound = hostListeners.get(listener)
    if (bound === undefined) hostListeners.set(listener, (bound = bindGuest(listener as AnyFunction)))
    return bound
  }

  const resolved = (path: unknown): string => nodePath.resolve(context.cwd(), context.path(path).shown)

  return {
    watchFile(...args) {
      const [path, given] = args
      const hasOptions = typeof given === 'object' && given !== null
      const listener = hasOptions ? args[2] : given
      // What the original thinks of them, and then of a file that it watches no longer.
      if (!isValidPath(path) || typeof listener !== 'function') return callNativeSync(nativeWatch, ...args)
      if (hasOptions) {
        const ignore = (): void => {}
        callNativeSync(nativeWatch, ownFile(), { ...given, persistent: false }, ignore)
        callNativeSync(nativeUnwatch, ownFile(), ignore)
      }
      const host = watchedHostPath(context, context.path(path))
      if (host !== undefined)
        return callNative(nativeWatch, host, ...(hasOptions ? [given] : []), boundListener(listener))
      const key = resolved(path)
      let file = files.get(key)
      if (file === undefined) files.set(key, (file = new WatchedFile(context, key, hasOptions ? given : {})))
      else countReference(file.watcher, 'add')
      file.watcher.on('change', listener as () => void)
      return file.watcher
    },

    unwatchFile(...args) {
      const [path, listener] = args
      if (!isValidPath(path)) return callNativeSync(nativeUnwatch, ...args)
      const host = watchedHostPath(context, context.path(path))
      if (host !== undefined) return callNative(nativeUnwatch, host, boundListener(listener))
      const key = resolved(path)
      const file = files.get(key)
      if (file === undefined) return
      if (typeof listener === 'function') {
        const before = file.watcher.listenerCount('change')
        file.watcher.removeListener('change', listener as () => void)
        if (file.watcher.listenerCount('change') < before) countReference(file.watcher, 'clean')
      } else {
        file.watcher.removeAllListeners('change')
        countReference(file.watcher, 'cleanAll')
      }
      if (file.watcher.listenerCount('change') > 0) return
      file.watcher.stop()
      files.delete(key)
    },
  }
}
