import type { Readable, Writable } from 'node:stream'
import { receiveMessageOnPort } from 'node:worker_threads'
import { invariant } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import type { SocketRow } from '@libvisor/net'
import { defaultAction } from '@libvisor/process'
import type { Isolation } from '../config/guest-options.ts'
import type { NamespaceSpec } from '../config/guest-spec.ts'
import { restoreFailure } from '../thread/failure.ts'
import type { FromGuest, GuestUsage, LastFiles, ToGuest } from '../thread/protocol.ts'
import type { Carrier, Departure, Launch } from './carrier.ts'
import type { ExitStatus } from './exit-status.ts'
import type { Guest, GuestStats, ListeningPort } from './guest.ts'
import { createGuestLayers } from './guest-layers.ts'
import type { GuestFileSystem, GuestLayers } from './guest-layers.ts'
import { openGuestFiles } from './guest-files.ts'
import type { GuestFiles } from './guest-files.ts'
import { PortBoard } from './port-board.ts'

/** What a handle is made of. */
export interface GuestHandleOptions {
  readonly spec: NamespaceSpec
  readonly isolation: Isolation
  readonly launch: Launch
  /** Whether the guest may be started again now, after it has lost its thread through no fault of its own. */
  readonly mayRestart: () => boolean
}

/** A guest that has not taken a signal for so long is ended by the next one. @units milliseconds */
const STUCK_MS = 500

type Request = ToGuest extends infer Message ? (Message extends unknown ? Omit<Message, 'id'> : never) : never

/** A guest that runs elsewhere: what it tells, and what is asked of it. */
export class GuestHandle implements Guest {
  readonly name: string
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exited: Promise<ExitStatus>
  /** Settles when the program is about to start, and fails when its namespace could not be made. */
  readonly started: Promise<void>
  readonly #options: GuestHandleOptions
  readonly #starting = Promise.withResolvers<void>()
  readonly #exiting = Promise.withResolvers<ExitStatus>()
  #carrier: Carrier
  #files: GuestFiles | undefined
  /** Opens the guest's files: most hosts never look at them. */
  #openFiles: (() => GuestFiles) | undefined
  #fs: GuestFileSystem | undefined
  /** What its layers held when it ended. */
  #lastFiles: LastFiles | undefined
  #ports: PortBoard
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>()
  #launchedAt = 0
  #startMs = 0
  #restarts = 0
  #lastId = 0
  #signal: NodeJS.Signals | null = null
  /** When the first signal that the guest has not taken yet was sent. */
  #signalledAt: number | undefined
  #status: ExitStatus | undefined

  constructor(options: GuestHandleOptions) {
    this.name = options.spec.name
    this.#options = options
    this.#ports = new PortBoard(this.name)
    this.started = this.#starting.promise
    // Whoever waits hears of it.
    this.started.catch(() => {})
    this.exited = this.#exiting.promise
    this.#carrier = this.#launch()
    this.stdin = this.#carrier.stdin
    this.stdout = this.#carrier.stdout
    this.stderr = this.#carrier.stderr
  }

  get isolation(): Isolation {
    return this.#options.isolation
  }

  get address(): string {
    return this.#carrier.address
  }

  get thread(): number | undefined {
    return this.#carrier.thread
  }

  get restarts(): number {
    return this.#restarts
  }

  get startMs(): number {
    return this.#startMs
  }

  listening(port: number): Promise<ListeningPort> {
    return this.#ports.listening(port)
  }

  ports(): readonly ListeningPort[] {
    return this.#ports.open()
  }

  get fs(): GuestFileSystem {
    invariant(this.#openFiles !== undefined, 'nobody has the handle of a guest before it has started')
    this.#files ??= this.#openFiles()
    return (this.#fs ??= { ...this.#files.promises, ...this.#layers() })
  }

  #layers(): GuestLayers {
    return createGuestLayers({ ask: (request) => this.#ask(request), last: () => this.#lastFiles })
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    if (this.#status !== undefined) return false
    if (signal === 'SIGKILL' || (defaultAction(signal) === 'terminate' && this.#isStuck())) {
      this.#signal = signal
      this.#carrier.terminate()
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
    const usage = (await this.#ask({ type: 'stats' })) as GuestUsage
    return { ...usage, startMs: this.#startMs, restarts: this.#restarts, thread: this.thread }
  }

  async sockets(): Promise<readonly SocketRow[]> {
    return (await this.#ask({ type: 'sockets' })) as readonly SocketRow[]
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
    this.#carrier.control.postMessage({ ...request, id })
    return answer.promise
  }

  #launch(): Carrier {
    this.#launchedAt = performance.now()
    const carrier = this.#options.launch((departure) => {
      // What it said before may still wait to be heard.
      for (;;) {
        const received = receiveMessageOnPort(carrier.control) as { readonly message: FromGuest } | undefined
        if (received === undefined) break
        this.#hear(carrier, received.message)
      }
      if (carrier === this.#carrier) this.#leave(departure)
    })
    carrier.control.on('message', (message: FromGuest) => this.#hear(carrier, message))
    return carrier
  }

  #hear(carrier: Carrier, message: FromGuest): void {
    if (this.#status !== undefined || carrier !== this.#carrier) return
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
      case 'ended':
        this.#leave({ code: message.code, signal: message.signal, innocent: false })
        break
      case 'files':
        this.#lastFiles = message.last
        break
      case 'failed':
        this.#starting.reject(restoreFailure(message.failure))
        break
      case 'listening':
        this.#ports.listen(message)
        break
      case 'started':
        this.#startMs = performance.now() - this.#launchedAt
        this.#files = this.#fs = this.#lastFiles = undefined
        this.#openFiles = () => openGuestFiles(this.#options.spec, { port: carrier.files, memory: message.files })
        carrier.started(message.namespaceId)
        this.#starting.resolve()
        break
      case 'terminated':
        this.#signal = message.signal
        break
    }
  }

  /** The guest has ended, or its thread has: then it may be started again. */
  #leave(departure: Departure): void {
    if (this.#status !== undefined) return
    const { innocent, notice = '' } = departure
    const signal = this.#signal ?? departure.signal
    const goesOn = innocent && this.#signal === null && this.#options.mayRestart()
    if (!goesOn) this.#status = { code: signal === null ? departure.code : null, signal }
    this.#carrier.control.close()
    this.#closeFiles()
    this.#signalledAt = undefined
    const why = goesOn
      ? new VisorError('VISOR_GUEST_ENDED', `The guest '${this.name}' is started again: its thread has ended`)
      : this.#ended()
    for (const answer of this.#answers.values()) answer.reject(why)
    this.#answers.clear()
    if (!goesOn) return this.#end(why, notice)
    this.#carrier.release(undefined)
    this.#ports.reset()
    this.#restarts++
    try {
      this.#carrier = this.#launch()
    } catch (error) {
      this.#status = { code: null, signal: 'SIGKILL' }
      this.#end(this.#ended(), `visor: '${this.name}' cannot be started again: ${(error as Error).message}\n`)
    }
  }

  /** Whoever asks for the files of a guest that has ended gets closed ones. */
  #closeFiles(): void {
    this.#files?.[Symbol.dispose]()
    const open = this.#openFiles
    if (this.#files !== undefined || open === undefined) return
    this.#carrier.files.close()
    this.#openFiles = () => {
      const files = open()
      files[Symbol.dispose]()
      return files
    }
  }

  #end(why: VisorError, notice: string): void {
    this.#carrier.release(notice)
    // Who has no handle yet cannot read its stderr.
    const text = `The guest '${this.name}' could not be started: ${notice.trim()}`
    this.#starting.reject(notice === '' ? why : new VisorError('VISOR_GUEST_ENDED', text))
    this.#ports.end(why)
    this.#exiting.resolve(this.#status as ExitStatus)
  }

  #ended(): VisorError {
    const { code, signal } = this.#status ?? { code: null, signal: null }
    const how = signal === null ? `with code ${code}` : `by ${signal}`
    return new VisorError('VISOR_GUEST_ENDED', `The guest '${this.name}' has ended ${how}`, {
      hint: 'Its stderr says why.',
    })
  }
}
