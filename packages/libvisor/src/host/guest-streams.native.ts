import { Readable, Writable } from 'node:stream'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { WINDOW_BYTES } from '../thread/port-stdio.ts'
import type { FromPortStdio, ToPortStdio } from '../thread/port-stdio.ts'

/** One of the two streams that a guest writes to. */
class Output {
  readonly readable: Readable
  /** Tells the guest that so much of what it has written is taken. */
  taken: (byteLength: number) => void = () => {}
  /** What the stream has not asked for yet. */
  readonly #waiting: Uint8Array[] = []
  #asked = false

  constructor() {
    this.readable = new Readable({
      highWaterMark: WINDOW_BYTES,
      read: () => {
        this.#asked = true
        this.#give()
      },
    })
  }

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#give()
  }

  end(): void {
    for (const bytes of this.#waiting.splice(0)) this.readable.push(bytes)
    this.readable.push(null)
  }

  #give(): void {
    while (this.#asked) {
      const bytes = this.#waiting.shift()
      if (bytes === undefined) return
      this.taken(bytes.length)
      this.#asked = this.readable.push(bytes)
    }
  }
}

/**
 * The streams of the handle of a guest that shares its thread with others: the host's end of `createPortStdio`. They stay
 * the same when the guest is started again elsewhere.
 */
export class GuestStreams {
  readonly stdin: Writable | undefined
  readonly #outputs = { 1: new Output(), 2: new Output() } as const
  readonly #signal = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #port: MessagePort | undefined
  /** Given to the guest, and not taken yet. @units bytes */
  #underway = 0
  #resume: (() => void) | undefined

  /**
   * @param options - whether there is a stdin to write to; it is empty otherwise
   */
  constructor({ stdin }: { readonly stdin: boolean }) {
    if (!stdin) return
    this.stdin = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => {
        const bytes = Uint8Array.from(chunk)
        this.#underway += bytes.length
        this.#send({ type: 'input', bytes })
        if (this.#underway <= WINDOW_BYTES) done()
        else this.#resume = done
      },
      final: (done) => {
        this.#send({ type: 'end' })
        done()
      },
    })
  }

  get stdout(): Readable {
    return this.#outputs[1].readable
  }

  get stderr(): Readable {
    return this.#outputs[2].readable
  }

  /**
   * Connects a guest.
   *
   * @returns its end
   */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', (message: FromPortStdio) => this.#receive(message))
    for (const fd of [1, 2] as const) {
      this.#outputs[fd].taken = (byteLength) =>
        port1.postMessage({ type: 'taken', fd, byteLength } satisfies ToPortStdio)
    }
    this.#underway = 0
    if (this.stdin !== undefined) this.#send({ type: 'stdin', signal: this.#signal.buffer as SharedArrayBuffer })
    if (this.stdin?.writableFinished === true) this.#send({ type: 'end' })
    return port2
  }

  /** Takes all that the guest, which has ended or lost its thread, had written. */
  disconnect(): void {
    const port = this.#port
    if (port === undefined) return
    for (;;) {
      const received = receiveMessageOnPort(port) as { readonly message: FromPortStdio } | undefined
      if (received === undefined) break
      this.#receive(received.message)
    }
    this.#port = undefined
    port.close()
    this.#goOn()
  }

  /**
   * Ends the streams, with the guest.
   *
   * @param notice - lines for stderr
   */
  end(notice: string): void {
    this.disconnect()
    if (notice !== '') this.#outputs[2].push(Buffer.from(notice))
    this.#outputs[1].end()
    this.#outputs[2].end()
    this.stdin?.destroy()
  }

  #receive(message: FromPortStdio): void {
    if (message.type === 'output') return this.#outputs[message.fd].push(message.bytes)
    this.#underway -= message.byteLength
    if (this.#underway <= WINDOW_BYTES) this.#goOn()
  }

  #send(message: ToPortStdio): void {
    this.#port?.postMessage(message)
    Atomics.add(this.#signal, 0, 1)
    Atomics.notify(this.#signal, 0)
  }

  #goOn(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }
}
