import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { invariant } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import type { SwitchAttachment } from '@libvisor/net'
import { defaultAction } from '@libvisor/process'
import type { NamespaceSpec, ProgramSpec } from '../config/guest-spec.ts'
import { putIntoWorkerData } from '../thread/envelope.ts'
import { restoreFailure } from '../thread/failure.ts'
import { preloadArgv } from '../thread/preload-argv.ts'
import type { FromGuest, ToGuest } from '../thread/protocol.ts'
import type { ExitStatus } from './exit-status.ts'
import type { Guest, GuestStats, ListeningPort } from './guest.ts'
import { openGuestFiles } from './guest-files.ts'
import type { GuestFiles } from './guest-files.ts'
import { PortBoard } from './port-board.ts'

/** What a guest's thread is started with. */
export interface ThreadGuestOptions {
  readonly spec: NamespaceSpec
  readonly program: ProgramSpec
  readonly stdio: 'inherit' | 'pipe'
  /** The guest's place on the switch. */
  readonly network: SwitchAttachment
}

/** A guest that has not taken a signal for so long is ended by the next one. @units milliseconds */
const STUCK_MS = 500

/** What Node prints of an uncaught error, without the line of source, which it knows in the guest's thread only. */
function describeUncaught(error: unknown, options: { readonly colors: boolean }): string {
  forgetCopiedTags(error)
  return typeof error === 'object' && error !== null ? inspect(error, options) : String(error)
}

/** The copy of an error that comes from another thread says of itself what its class says, and Node 26 shows that. */
function forgetCopiedTags(error: unknown): void {
  if (!(error instanceof Error)) return
  const { name: inherited } = Object.getPrototypeOf(error) as Error
  if (Object.hasOwn(error, 'name') && error.name === inherited) Reflect.deleteProperty(error, 'name')
  Reflect.deleteProperty(error, Symbol.toStringTag)
  if (error.cause !== error) forgetCopiedTags(error.cause)
}

type Request = ToGuest extends infer Message ? (Message extends unknown ? Omit<Message, 'id'> : never) : never

/** A guest that runs in a thread of its own. */
class ThreadGuest implements Guest {
  readonly name: string
  readonly address: string
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exited: Promise<ExitStatus>
  /** Settles when the program is about to start, and fails when its namespace could not be made. */
  readonly started: Promise<void>
  readonly #worker: Worker
  readonly #control: MessagePort
  #files: GuestFiles | undefined
  readonly #ports: PortBoard
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #startedAt = performance.now()
  #startMs = 0
  #lastId = 0
  #signal: NodeJS.Signals | null = null
  /** When the first signal that the guest has not taken yet was sent. */
  #signalledAt: number | undefined
  #status: ExitStatus | undefined

  constructor(options: ThreadGuestOptions) {
    const { spec, program, stdio } = options
    this.name = spec.name
    this.address = options.network.address
    this.#ports = new PortBoard(spec.name)
    const control = new MessageChannel()
    const files = new MessageChannel()
    this.#control = control.port1
    this.#worker = new Worker(program.entry, {
      name: spec.name,
      argv: [...program.args],
      env: { ...spec.env },
      execArgv: [...program.execArgv, ...preloadArgv],
      // Streams of a guest that inherits stdio are over the descriptors: Node, which would tell them that the host
      // reads, or writes no more, must have nothing to tell.
      stdin: stdio === 'inherit',
      stdout: true,
      stderr: true,
      workerData: putIntoWorkerData({
        kind: 'guest',
        namespace: spec,
        program,
        stdio,
        control: control.port2,
        network: options.network,
        files: files.port2,
      }),
      transferList: [control.port2, options.network.port, files.port2],
    })
    this.stdout = stdio === 'pipe' ? this.#worker.stdout : Readable.from([])
    this.stderr = stdio === 'pipe' ? this.#worker.stderr : Readable.from([])
    const starting = Promise.withResolvers<void>()
    this.started = starting.promise
    this.#control.on('message', (message: FromGuest) => {
      if (message.type === 'started') this.#files = openGuestFiles(spec, { port: files.port1, memory: message.files })
      this.#hear(message, starting)
    })
    this.exited = this.#watchEnd(starting, stdio)
  }

  listening(port: number): Promise<ListeningPort> {
    return this.#ports.listening(port)
  }

  ports(): readonly ListeningPort[] {
    return this.#ports.open()
  }

  get fs(): GuestFiles['promises'] {
    invariant(this.#files !== undefined, 'nobody has the handle of a guest before it has started')
    return this.#files.promises
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    if (this.#status !== undefined) return false
    if (signal === 'SIGKILL' || (defaultAction(signal) === 'terminate' && this.#isStuck())) {
      this.#signal = signal
      void this.#worker.terminate()
    } else {
      this.#signalledAt ??= performance.now()
      const taken = (): void => void (this.#signalledAt = undefined)
      this.#ask({ type: 'signal', signal }).then(taken, taken)
    }
    return true
  }

  /** A thread that does not return to its event loop takes no signal, where the kernel would have ended a process. */
  #isStuck(): boolean {
    return this.#signalledAt !== undefined && performance.now() - this.#signalledAt > STUCK_MS
  }

  async stats(): Promise<GuestStats> {
    const { heapUsedBytes } = (await this.#ask({ type: 'stats' })) as { heapUsedBytes: number }
    return { heapUsedBytes, startMs: this.#startMs }
  }

  async advance(ms: number): Promise<void> {
    await this.#ask({ type: 'advance', ms })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL')
    await this.exited
  }

  #ask(request: Request): Promise<unknown> {
    if (this.#status !== undefined) return Promise.reject(this.#ended())
    const id = ++this.#lastId
    const answer = Promise.withResolvers<unknown>()
    this.#answers.set(id, answer)
    this.#control.postMessage({ ...request, id })
    return answer.promise
  }

  #hear(message: FromGuest, starting: PromiseWithResolvers<void>): void {
    switch (message.type) {
      case 'answer': {
        const waiting = this.#answers.get(message.id)
        this.#answers.delete(message.id)
        if (message.failure === undefined) waiting?.resolve(message.value)
        else waiting?.reject(restoreFailure(message.failure))
        break
      }
      case 'closed':
        this.#ports.close(message.port)
        break
      case 'failed':
        starting.reject(restoreFailure(message.failure))
        break
      case 'listening':
        this.#ports.listen(message)
        break
      case 'started':
        this.#startMs = performance.now() - this.#startedAt
        starting.resolve()
        break
      case 'terminated':
        this.#signal = message.signal
        break
    }
  }

  /** Follows the thread to its end; an uncaught error is printed as a process of its own would print it. */
  #watchEnd(starting: PromiseWithResolvers<void>, stdio: 'inherit' | 'pipe'): Promise<ExitStatus> {
    return new Promise((resolve) => {
      this.#worker.on('error', (error) => {
        const inherits = stdio === 'inherit'
        const text = describeUncaught(error, { colors: inherits && process.stderr.hasColors?.() === true })
        const lines = `${text}\n\nNode.js ${process.version}\n`
        if (inherits) process.stderr.write(lines)
        else this.#worker.stderr.push(lines)
      })
      this.#worker.on('exit', (code) => {
        // Messages that the thread sent before its end may still be on their way.
        setImmediate(() => {
          const status = { code: this.#signal === null ? code : null, signal: this.#signal }
          this.#status = status
          this.#control.close()
          this.#files?.[Symbol.dispose]()
          starting.reject(this.#ended())
          starting.promise.catch(() => {})
          this.#ports.end(this.#ended())
          for (const answer of this.#answers.values()) answer.reject(this.#ended())
          this.#answers.clear()
          resolve(status)
        })
      })
    })
  }

  #ended(): VisorError {
    const { code, signal } = this.#status ?? { code: null, signal: null }
    const how = signal === null ? `with code ${code}` : `by ${signal}`
    return new VisorError('VISOR_GUEST_ENDED', `The guest '${this.name}' has ended ${how}`, {
      hint: 'Its stderr says why.',
    })
  }
}

/**
 * Starts a guest in a thread of its own.
 *
 * @param options - what it is
 * @returns the guest, when its program is about to start
 * @throws {VisorError} when its namespace cannot be made; the thread has ended then
 */
export async function startThreadGuest(options: ThreadGuestOptions): Promise<Guest> {
  const guest = new ThreadGuest(options)
  try {
    await guest.started
  } catch (error) {
    await guest[Symbol.asyncDispose]()
    throw error
  }
  return guest
}
