import type { MessagePort } from 'node:worker_threads'
import { Errno } from '../types.ts'
import type { FileSystemProcess, SyscallName } from '../types.ts'
import { receiveMessage } from './message-port.native.ts'
import type { FileSystemMemory, Reply, Request, ResolveArguments, WatchMessage } from './remote-protocol.ts'
import type { Credentials } from './vnode.ts'

const { add, notify } = Atomics

/** Bytes of a reply from which on their memory is handed over instead of copied. @units bytes */
const TRANSFER_FROM = 16 * 1024

/** What a server depends on. */
export interface ServerOptions {
  readonly port: MessagePort
  readonly process: FileSystemProcess
  /** The process's own: calls bring what has changed. */
  readonly identity: Credentials
  readonly shared: Omit<FileSystemMemory, 'signal'>
  readonly onDispose: () => void
}

type AnyCall = (...args: readonly unknown[]) => unknown

/** Carries out the calls of a process in another thread. */
export class RemoteServer implements Disposable {
  readonly memory: FileSystemMemory
  readonly #options: ServerOptions
  readonly #signal: Int32Array
  readonly #watchers = new Map<number, Disposable>()
  #ended = false

  constructor(options: ServerOptions) {
    this.#options = options
    const signal = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    this.#signal = new Int32Array(signal)
    this.memory = { signal, ...options.shared }
    options.port.on('message', this.#answer)
    options.port.once('close', () => this[Symbol.dispose]())
    options.port.unref()
  }

  /**
   * Answers what has come in, without waiting for the event loop.
   *
   * @returns how many calls there were
   */
  pump(): number {
    let count = 0
    for (let next = receiveMessage(this.#options.port); next !== undefined; next = receiveMessage(this.#options.port)) {
      this.#answer(next.message as Request)
      count++
    }
    return count
  }

  [Symbol.dispose](): void {
    if (this.#ended) return
    this.#ended = true
    for (const watcher of this.#watchers.values()) watcher[Symbol.dispose]()
    this.#watchers.clear()
    this.#options.process[Symbol.dispose]()
    this.#options.port.close()
    this.#options.onDispose()
  }

  readonly #answer = (request: Request): void => {
    if (this.#ended) return
    const { id, who } = request
    if (who !== undefined) Object.assign(this.#options.identity, who)
    let reply: Reply
    try {
      reply = { id, result: this.#call(request) }
    } catch (error) {
      reply = error instanceof Errno ? { id, code: error.code } : { id, failure: String(error) }
    }
    const { result } = reply
    const bytes = result instanceof Uint8Array && result.length >= TRANSFER_FROM ? result : undefined
    this.#options.port.postMessage(reply, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer])
    if (id === 0) {
      add(this.#signal, 0, 1)
      notify(this.#signal, 0)
    }
  }

  #call({ call, args }: Request): unknown {
    const { process } = this.#options
    switch (call) {
      case 'resolve':
        return process.resolve(...(args as ResolveArguments))
      case 'watch':
        return this.#watch(...(args as [number, string, boolean]))
      case 'unwatch': {
        const [watcher] = args as [number]
        this.#watchers.get(watcher)?.[Symbol.dispose]()
        return this.#watchers.delete(watcher)
      }
      default:
        if (!Object.hasOwn(process.sync, call)) throw new TypeError(`There is no system call '${String(call)}'`)
        return (process.sync[call satisfies SyscallName] as AnyCall)(...args)
    }
  }

  #watch(watcher: number, path: string, recursive: boolean): boolean {
    const watching = this.#options.process.watch(path, recursive, (event) => {
      this.#options.port.postMessage({ watcher, event } satisfies WatchMessage)
    })
    if (watching !== undefined) this.#watchers.set(watcher, watching)
    return watching !== undefined
  }
}
