/** `watch`: over virtual files by the file system's own events, over the host's by the host. */
import { bindGuest, callNative, callNativeSync, deliver, ownerHere } from '@libvisor/core'
import type { WatchEvent } from '../types.ts'
import { isValidPath, optionsOf } from './arguments.ts'
import type { FsContext } from './context.ts'
import { asMadeInJavaScript, restate } from './errors.ts'
import { isFailure } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { abortError, nodeFs, nodePath, nodePromises, NOWHERE, warn } from './natives.native.ts'
import { fileError } from './operation.ts'
import { adoptingArguments, isOfOtherRealm } from './adopting.ts'
import { showName } from './paths.ts'
import type { GuestPath, NameEncoding } from './paths.ts'
import { createFsWatcher } from './watcher-classes.ts'
import type { WatcherBase } from './watcher-classes.ts'

/** The options of `watch`, valid. */
interface WatchOptions {
  readonly encoding?: NameEncoding
  readonly ignore?: Ignore | readonly Ignore[]
  readonly maxQueue?: number
  readonly overflow?: 'error' | 'ignore'
  readonly persistent?: boolean
  readonly recursive?: boolean
  readonly signal?: AbortSignal
  readonly throwIfNoEntry?: boolean
}

type Ignore = RegExp | string | ((name: string) => boolean)

const DEFAULT_MAX_QUEUE = 2048

/** The host's path, where the host sees every change. */
export function watchedHostPath(context: FsContext, path: GuestPath): string | undefined {
  return context.process.resolve(path.absolute, 'write', true)?.path
}

/** Whether the guest does not want to hear of a name. */
function createIgnore(ignore: WatchOptions['ignore']): (name: string) => boolean {
  if (ignore === undefined || ignore === null) return () => false
  const matchers = [ignore].flat() as readonly Ignore[]
  return (name) =>
    matchers.some((matcher) => {
      if (typeof matcher === 'function') return matcher(name)
      if (typeof matcher !== 'string') return matcher.test(name)
      const subject = matcher.includes('/') ? name : nodePath.basename(name)
      return (nodePath as unknown as { matchesGlob(path: string, pattern: string): boolean }).matchesGlob(
        subject,
        matcher,
      )
    })
}

/** The error of a file that cannot be watched, which names it twice. */
function watchError(context: FsContext, error: unknown, path: GuestPath): unknown {
  const made = fileError(context.ns, error, { syscall: 'watch', path: path.shown })
  if (made !== error) (asMadeInJavaScript(made) as { filename?: string }).filename = path.shown
  return made
}

/** Subscribes to the changes of a virtual file; `undefined` where the host has to watch. */
function subscribe(
  context: FsContext,
  path: GuestPath,
  options: WatchOptions,
  listener: (type: WatchEvent['type'], name: string | Buffer) => void,
): Disposable | undefined {
  const owner = ownerHere(context.ns)
  const isIgnored = createIgnore(options.ignore)
  let isOpen = true
  let subscription: Disposable | undefined
  try {
    subscription = context.process.watch(path.absolute, options.recursive === true, ({ type, name }) => {
      deliver(owner, 'io', () => {
        if (isOpen && !isIgnored(name)) listener(type, showName(name, options.encoding))
      })
    })
  } catch (error) {
    throw watchError(context, error, path)
  }
  if (subscription === undefined) return undefined
  const release = subscription
  return {
    [Symbol.dispose]() {
      isOpen = false
      release[Symbol.dispose]()
    },
  }
}

/** The options for the original: a function of the guest's among them runs as the guest. */
function boundOptions(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return typeof options === 'function' ? undefined : options
  const { ignore } = options as WatchOptions
  if (ignore === undefined || ignore === null) return options
  return { ...options, ignore: Array.isArray(ignore) ? ignore.map(bindGuest) : bindGuest(ignore) }
}

/** Lets the original throw if the arguments are invalid. */
function validate(args: readonly unknown[]): void {
  const [path, options] = args
  if (isValidPath(path) && (options === undefined || typeof options === 'function')) return
  let watcher: { close(): void } | undefined
  try {
    const { signal: _signal, ...rest } = optionsOf(options)
    const probe = typeof options === 'object' && options !== null && isPlainSignal(_signal) ? rest : options
    watcher = callNativeSync(nodeFs.watch as AnyFunction, isValidPath(path) ? NOWHERE : path, probe) as WatcherBase
  } catch (error) {
    if (!isFailure(error)) throw error
  }
  watcher?.close()
}

const isPlainSignal = (signal: unknown): boolean => signal === undefined || signal instanceof AbortSignal

/** Makes `watch`. */
export function createWatch(context: FsContext): AnyFunction {
  return (...args) => {
    validate(args)
    const listener = args.findLast((value) => typeof value === 'function')
    const options = optionsOf(args[1]) as WatchOptions
    const path = context.path(args[0])
    const watcher = open(context, path, options, args[1])
    if (listener !== undefined) watcher.on('change', listener as () => void)
    return watcher
  }
}

function open(context: FsContext, path: GuestPath, options: WatchOptions, given: unknown): WatcherBase {
  const onHost = (host: string): WatcherBase => {
    try {
      return callNative(nodeFs.watch as AnyFunction, host, boundOptions(given)) as WatcherBase
    } catch (error) {
      throw restate(error, [{ host, shown: path.shown }])
    }
  }
  const host = watchedHostPath(context, path)
  if (host !== undefined) return bindListeners(context, onHost(host), options)
  const owner = ownerHere(context.ns)
  const made: { watcher?: WatcherBase } = {}
  let subscription: Disposable | undefined
  try {
    subscription = subscribe(context, path, options, (type, name) => made.watcher?.emit('change', type, name))
  } catch (error) {
    if (options.throwIfNoEntry !== false || (error as { code?: string }).code !== 'ENOENT') throw error
    subscription = { [Symbol.dispose]() {} }
  }
  if (subscription === undefined)
    return bindListeners(context, onHost(context.process.resolve(path.absolute, 'read', true)!.path), options)
  const release = subscription
  const { persistent = true, signal } = options
  const watcher = createFsWatcher({ persistent, release: () => release[Symbol.dispose]() })
  made.watcher = watcher
  if (signal !== undefined) closeOnAbort(watcher, signal, () => deliver(owner, 'io', () => watcher.close()))
  return watcher
}

function closeOnAbort(watcher: WatcherBase, signal: AbortSignal, later: () => void): void {
  if (signal.aborted) return later()
  const close = (): void => watcher.close()
  signal.addEventListener('abort', close)
  watcher.once('close', () => signal.removeEventListener('abort', close))
}

/** Lets a watcher of the host's call its listeners as the guest, and keep the guest alive. */
function bindListeners({ ns }: FsContext, watcher: WatcherBase, { persistent = true }: WatchOptions): WatcherBase {
  const emit = bindGuest(isOfOtherRealm(ns) ? adoptingArguments(ns, watcher.emit as AnyFunction) : watcher.emit)
  // One without a handle waits for nothing: there was nothing to watch.
  let release = persistent && watcher._handle !== null ? ns.liveness.hold('handle') : undefined
  let isOpen = true
  const letGo = (): void => {
    release?.()
    release = undefined
  }
  const { ref, unref } = watcher
  const members = {
    emit(this: WatcherBase, ...args: unknown[]): unknown {
      // An error closes a watcher, and then it says no more.
      if (args[0] === 'close' || args[0] === 'error') {
        isOpen = false
        letGo()
      }
      return emit.apply(this, args as never)
    },
    ref(this: WatcherBase): unknown {
      if (isOpen) release ??= ns.liveness.hold('handle')
      return ref.call(this)
    },
    unref(this: WatcherBase): unknown {
      letGo()
      return unref.call(this)
    },
  }
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(watcher, name, { value, configurable: true, writable: true, enumerable: false })
  }
  return watcher
}

type Event = { eventType: string; filename: string | Buffer }

/** Makes `watch` of `fs/promises`. */
export function createWatchIterator(context: FsContext): AnyFunction {
  const native = nodePromises.watch as unknown as (path: unknown, options: unknown) => AsyncGenerator<Event>

  async function* viaHost(host: string, options: unknown, path: GuestPath): AsyncGenerator<Event> {
    const events = callNative(native, host, boundOptions(options))
    const next = (): Promise<IteratorResult<Event>> => callNative(() => events.next())
    try {
      for (let result = await next(); result.done !== true; result = await next()) yield result.value
    } catch (error) {
      throw restate(error, [{ host, shown: path.shown }])
    } finally {
      await callNative(() => events.return(undefined))
    }
  }

  return async function* watch(filename: unknown, given: unknown = {}): AsyncGenerator<Event> {
    const options = given as WatchOptions
    await validateIterator(native, filename, options)
    const path = context.path(filename)
    const host = watchedHostPath(context, path)
    if (host !== undefined) return yield* viaHost(host, options, path)
    const queue = new EventQueue(context, options)
    const subscription = subscribe(context, path, options, (eventType, filename) => queue.push({ eventType, filename }))
    if (subscription === undefined)
      return yield* viaHost(context.process.resolve(path.absolute, 'read', true)!.path, options, path)
    const wake = (): void => queue.wake()
    const watcher = createFsWatcher({
      persistent: options.persistent ?? true,
      release: () => subscription[Symbol.dispose](),
    })
    options.signal?.addEventListener('abort', wake)
    try {
      while (options.signal?.aborted !== true) {
        await queue.filled()
        yield* queue.take()
      }
      throw abortError(options.signal)
    } finally {
      options.signal?.removeEventListener('abort', wake)
      watcher.close()
    }
  }
}

/** Lets the original reject if the arguments are invalid. */
async function validateIterator(
  native: (path: unknown, options: unknown) => AsyncGenerator<Event>,
  path: unknown,
  options: unknown,
): Promise<void> {
  // A recursive watcher would wait for what is not there.
  const isRecursive = (options as WatchOptions | null)?.recursive === true
  const probe = isRecursive ? { ...(options as WatchOptions), recursive: false } : options
  const events = callNative(native, isValidPath(path) ? NOWHERE : path, probe)
  try {
    await callNative(() => events.next())
  } catch (error) {
    if (!isFailure(error) || (error as { code?: string }).code === 'ABORT_ERR') throw error
  }
}

/** The events that a guest has not asked for yet. */
class EventQueue {
  readonly #context: FsContext
  readonly #options: WatchOptions
  #events: (Error | Event)[] = []
  #gate = Promise.withResolvers<void>()

  constructor(context: FsContext, options: WatchOptions) {
    this.#context = context
    this.#options = options
  }

  push(event: Event): void {
    const { maxQueue = DEFAULT_MAX_QUEUE, overflow = 'ignore' } = this.#options
    if (this.#events.length < maxQueue) {
      this.#events.push(Object.assign(Object.create(null) as Event, event))
    } else if (overflow === 'error') {
      const message = `fs.watch() queued more than ${maxQueue} events`
      this.#events = [this.#context.ns.errors.coded('Error', 'ERR_FS_WATCH_QUEUE_OVERFLOW', message)]
    } else {
      return warn('fs.watch maxQueue exceeded')
    }
    this.wake()
  }

  wake(): void {
    this.#gate.resolve()
  }

  async filled(): Promise<void> {
    await this.#gate.promise
  }

  *take(): Generator<Event> {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      if (event instanceof Error) throw event
      yield event
    }
    this.#gate = Promise.withResolvers<void>()
  }
}
