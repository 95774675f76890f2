import { unsupported } from '@libvisor/core'
import type { Identity } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { AsyncSyscalls, FileSystemProcess, HostPath, ResolveIntent, Syscalls, WatchEvent } from '../types.ts'
import { syscallNames } from '../types.ts'
import { KnownAnswers } from './known-answers.ts'
import { receiveMessage, threadClock } from './message-port.native.ts'
import { flag } from './remote-protocol.ts'
import type { Connection, Reply, Request, WatchMessage } from './remote-protocol.ts'
import { fileType } from './vnode.ts'
import type { Credentials } from './vnode.ts'

// Captured: a guest's thread may replace what Atomics holds.
const { load, wait } = Atomics

/** How a thread connects to a file system of another one. */
export interface ConnectOptions extends Connection {
  /** Whose permissions and umask count; live. */
  readonly identity: Identity
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

type Call = Request['call']

/** A process of the guest in a thread that does not have the model. */
class RemoteProcess implements FileSystemProcess {
  readonly local = false
  readonly isSame = (): boolean => false
  readonly isSameToWrite = (): boolean => false
  readonly sync: Syscalls
  readonly async: AsyncSyscalls
  readonly #connection: Connection
  readonly #identity: Identity
  readonly #signal: Int32Array
  readonly #flags: Int32Array
  readonly #known = new KnownAnswers(threadClock)
  readonly #pending = new Map<number, Pending>()
  readonly #watchers = new Map<number, (event: WatchEvent) => void>()
  #lastId = 0
  #told: Credentials | undefined
  #ended = false

  constructor(options: ConnectOptions) {
    const { port, memory, identity } = options
    this.#connection = { port, memory }
    this.#identity = identity
    this.#signal = new Int32Array(memory.signal)
    this.#flags = new Int32Array(memory.flags)
    const sync: Record<string, unknown> = {}
    const async: Record<string, unknown> = {}
    for (const name of syscallNames) {
      sync[name] = (...args: readonly unknown[]) => this.#callSync(name, args)
      async[name] = (...args: readonly unknown[]) => this.#callAsync(name, args)
    }
    this.sync = Object.freeze(sync) as unknown as Syscalls
    this.async = Object.freeze(async) as unknown as AsyncSyscalls
    port.on('message', (message: Reply | WatchMessage) => this.#receive(message))
    port.once('close', () => this[Symbol.dispose]())
    port.unref()
  }

  recall(path: string, intent: ResolveIntent, followLast: boolean): HostPath | undefined {
    const { host } = this.#connection.memory
    const { uid, umask } = this.#identity
    if (uid !== host.uid || (intent !== 'read' && umask !== host.umask)) return undefined
    if (load(this.#flags, intent === 'read' ? flag.readsPass : flag.writesPass) === 1) {
      return { path, identical: true }
    }
    const mayKnow = intent === 'read' && followLast
    return mayKnow ? this.#known.recall(path, load(this.#flags, flag.generation)) : undefined
  }

  resolve(path: string, intent: ResolveIntent, followLast: boolean): HostPath | undefined {
    const { host } = this.#connection.memory
    const { uid, umask } = this.#identity
    if (uid !== host.uid || (intent !== 'read' && umask !== host.umask)) return undefined
    // Asked first: what changes during the call counts as a change, and is noticed the next time.
    const recalled = this.recall(path, intent, followLast)
    if (recalled !== undefined) return recalled
    if (intent === 'write') this.#known.forget()
    const answer = this.#callSync('resolve', [path, intent, followLast]) as HostPath | undefined
    if (intent === 'read' && followLast && answer !== undefined) this.#known.remember(path, answer)
    return answer
  }

  /** A copy-up in the other thread may close a host's descriptor at any time. */
  hostFd(): undefined {
    return undefined
  }

  /** Node keeps account of the descriptors of every thread: the other one could not close it. */
  adopt(): never {
    throw unsupported("Adopting a host's descriptor for files of another thread")
  }

  watch(path: string, recursive: boolean, listener: (event: WatchEvent) => void): Disposable | undefined {
    const watcher = ++this.#lastId
    this.#watchers.set(watcher, listener)
    let watching = false
    try {
      watching = this.#callSync('watch', [watcher, path, recursive]) as boolean
    } finally {
      if (!watching) this.#watchers.delete(watcher)
    }
    if (!watching) return undefined
    return {
      [Symbol.dispose]: () => {
        if (this.#watchers.delete(watcher) && !this.#ended) this.#callSync('unwatch', [watcher])
      },
    }
  }

  differsFromHost(): boolean {
    return load(this.#flags, flag.differs) === 1
  }

  /** The model's thread looks again in each of its callbacks. */
  expire(): void {
    this.#known.forget()
  }

  typeOf(path: string): number | undefined {
    try {
      return this.sync.stat(path).mode & fileType.mask
    } catch {
      return undefined
    }
  }

  /** The text would have to come from the other thread either way. */
  hostText(): undefined {
    return undefined
  }

  /** What counts for an answer is in the other thread. */
  derive<Answer>(_about: string, _of: string, make: (spoil: () => void) => Answer): Answer {
    return make(() => {})
  }

  [Symbol.dispose](): void {
    if (this.#ended) return
    this.#ended = true
    this.#watchers.clear()
    this.#connection.port.close()
    for (const { reject } of this.#pending.values()) reject(Errno.of('EBADF'))
    this.#pending.clear()
  }

  #callSync(call: Call, args: readonly unknown[]): unknown {
    const before = load(this.#signal, 0)
    this.#send(0, call, args)
    // The server counts first and wakes then, so that a wake-up may be of the call before, whose answer was taken already.
    while (load(this.#signal, 0) === before) wait(this.#signal, 0, before)
    for (;;) {
      const next = receiveMessage(this.#connection.port) as { message: Reply | WatchMessage } | undefined
      if (next === undefined) throw Errno.of('EIO')
      const { message } = next
      if ('id' in message && message.id === 0) return resultOf(message)
      this.#receive(message)
    }
  }

  #callAsync(call: Call, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#send(id, call, args)
      if (this.#pending.size === 0) this.#connection.port.ref()
      this.#pending.set(id, { resolve, reject })
    })
  }

  #send(id: number, call: Call, args: readonly unknown[]): void {
    if (this.#ended) throw Errno.of('EBADF')
    const request: Request = { id, call, args: args.map(detached) }
    const { uid, gid, groups, umask } = this.#identity
    const told = this.#told
    if (told?.uid === uid && told.gid === gid && told.groups === groups && told.umask === umask) {
      this.#connection.port.postMessage(request)
    } else {
      this.#told = { uid, gid, groups, umask }
      this.#connection.port.postMessage({ ...request, who: { ...this.#told, groups: [...groups] } } satisfies Request)
    }
  }

  #receive(message: Reply | WatchMessage): void {
    if ('watcher' in message) {
      this.#watchers.get(message.watcher)?.(message.event)
      return
    }
    const pending = this.#pending.get(message.id)
    if (pending === undefined) return
    this.#pending.delete(message.id)
    if (this.#pending.size === 0) this.#connection.port.unref()
    try {
      pending.resolve(resultOf(message))
    } catch (error) {
      pending.reject(error as Error)
    }
  }
}

/** What a call gave. @throws Errno what it failed with */
function resultOf({ result, code, failure }: Reply): unknown {
  if (code !== undefined) throw Errno.of(code)
  if (failure !== undefined) throw new Error(failure)
  return result
}

/** Bytes without the rest of their memory, all of which would be cloned. */
function detached(argument: unknown): unknown {
  if (!(argument instanceof Uint8Array)) return argument
  const whole = argument.byteLength === argument.buffer.byteLength && !(argument.buffer instanceof SharedArrayBuffer)
  return whole ? argument : new Uint8Array(argument)
}

/**
 * Connects to a file system that another thread serves.
 *
 * @param options - the port and memory from {@link FileSystem.serve}, and who calls
 * @returns a process over the shared files; its synchronous calls wait for the other thread
 * @example
 * ```ts
 * import { connectFileSystem, createFileSystem, createHostFs, memory } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 * import { MessageChannel } from 'node:worker_threads'
 *
 * using files = createFileSystem({
 *   mounts: { '/': memory({ '/greeting': 'hello' }) },
 *   clock: { now: Date.now, nowNs: () => 0n, monotonicNs: () => 0n, zone: 'UTC' },
 *   entropy: { fill: (bytes) => void bytes.fill(4), float: () => 0.5, seeded: true },
 *   host: createHostFs(),
 *   later: setImmediate,
 * })
 * const silent = { kind: 'null', hostFd: undefined, readSync: () => new Uint8Array(0), writeSync: () => 0 } as const
 * const identity = { pid: 1, ppid: 0, uid: 0, gid: 0, groups: [], umask: 0o022, cwd: '/', hostname: 'guest' }
 *
 * // port2 and memory are for the other thread's `workerData`, where they are what `connectFileSystem` takes.
 * const { port1, port2 } = new MessageChannel()
 * using serving = files.serve(port1, { identity, stdio: [silent, silent, silent] })
 * using process = connectFileSystem({ port: port2, memory: serving.memory, identity })
 * const { size } = await process.async.stat('/greeting')
 * assert.equal(size, 5)
 * ```
 */
export function connectFileSystem(options: ConnectOptions): FileSystemProcess {
  return new RemoteProcess(options)
}
