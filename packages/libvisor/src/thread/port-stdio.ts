/**
 * Descriptors 0, 1 and 2 of a guest that shares its thread with others: streams of the guest's handle, over a port.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Readable, Writable } from 'node:stream'
import { original } from '@libvisor/abi'
import { currentNamespace, deliverNow, keepAlive, ownerHere } from '@libvisor/core'
import type { Channel, Namespace, Stdio } from '@libvisor/core'

/** How much may be on its way, in either direction, before the sender is told to wait. @units bytes */
export const WINDOW_BYTES = 65_536

/** From the guest to its handle. */
export type FromPortStdio =
  | { readonly type: 'output'; readonly fd: 1 | 2; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The guest has taken so much of its stdin. */
  | { readonly type: 'taken'; readonly byteLength: number }

/** From the handle to the guest. */
export type ToPortStdio =
  /** The first message where there is a stdin. Its only element is counted up and woken with each message. */
  | { readonly type: 'stdin'; readonly signal: SharedArrayBuffer }
  | { readonly type: 'input'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  /** The handle's reader has taken so much of stdout or stderr. */
  | { readonly type: 'taken'; readonly fd: 1 | 2; readonly byteLength: number }

/** Channels over a port. Disposing of them sends what streams still hold back, and closes the port. */
export type PortStdio = Stdio & Disposable

/** The guest that asks for a stream, which its callbacks reach through the delivery gate. */
interface StreamOwner {
  readonly ns: Namespace | undefined
  run(task: () => void): void
}

function ownerOfStream(): StreamOwner {
  const ns = currentNamespace()
  if (ns === undefined) return { ns, run: (task) => task() }
  const owner = ownerHere(ns)
  return { ns, run: (task) => deliverNow(owner, 'io', task) }
}

/** stdout or stderr: what is written is sent at once, so that nothing is lost however the guest ends. */
class Output implements Channel {
  readonly kind = 'pipe'
  readonly hostFd = undefined
  readonly #fd: 1 | 2
  readonly #port: MessagePort
  /** Sent, and not taken by a reader yet. @units bytes */
  #underway = 0
  #resume: (() => void) | undefined
  #stream: Writable | undefined

  constructor(port: MessagePort, fd: 1 | 2) {
    this.#port = port
    this.#fd = fd
  }

  readSync(): Uint8Array {
    return new Uint8Array(0)
  }

  writeSync(bytes: Uint8Array): number {
    // The caller may change its array once the call has returned, as with write(2).
    const copy = Uint8Array.from(bytes)
    this.#underway += copy.length
    this.#port.postMessage({ type: 'output', fd: this.#fd, bytes: copy } satisfies FromPortStdio, [copy.buffer])
    return bytes.length
  }

  /** A stream that says when its reader is behind. */
  openStream(): Writable {
    const owner = ownerOfStream()
    const { Writable } = original('stream')
    const stream = new Writable({
      decodeStrings: true,
      write: (chunk: Uint8Array, _encoding, done) => {
        this.writeSync(chunk)
        if (this.#underway <= WINDOW_BYTES) return done()
        const waiting = keepAlive(owner.ns)
        this.#resume = () => {
          waiting[Symbol.dispose]()
          owner.run(done)
        }
      },
      // The guest cannot close its stdout: what comes after end() is lost, and the descriptor stays.
      destroy: (error, done) => done(error),
    })
    this.#stream = stream
    return Object.assign(stream, { fd: this.#fd, _type: 'pipe', _isStdio: true, destroySoon: () => stream.destroy() })
  }

  taken(byteLength: number): void {
    this.#underway -= byteLength
    if (this.#underway > WINDOW_BYTES) return
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** Sends what the stream holds back: a guest that ends has written it. */
  flush(): void {
    const { writableBuffer = [] } = (this.#stream ?? {}) as {
      readonly writableBuffer?: readonly { chunk: Uint8Array }[]
    }
    for (const { chunk } of writableBuffer) this.writeSync(chunk)
  }
}

/** stdin: what the handle's stream is given, as far as the guest has asked for it. */
class Input implements Channel {
  readonly hostFd = undefined
  readonly #port: MessagePort
  readonly #receiveNow: () => boolean
  readonly #chunks: Uint8Array[] = []
  #signal: Int32Array | undefined
  #ended = false
  /** Calls the reader that waits for bytes. */
  #wake: (() => void) | undefined

  constructor(port: MessagePort, receiveNow: () => boolean) {
    this.#port = port
    this.#receiveNow = receiveNow
  }

  get kind(): 'null' | 'pipe' {
    while (this.#receiveNow());
    return this.#signal === undefined ? 'null' : 'pipe'
  }

  readSync(length: number): Uint8Array {
    for (;;) {
      const signal = this.#signal
      const seen = signal === undefined ? 0 : Atomics.load(signal, 0)
      while (this.#receiveNow());
      const bytes = this.#take(length)
      if (bytes !== undefined) return bytes
      if (this.#signal === undefined) return new Uint8Array(0)
      // Whoever reads without a stream waits, as natively, and the guests in the same thread wait, too.
      if (signal !== undefined) Atomics.wait(signal, 0, seen)
    }
  }

  writeSync(bytes: Uint8Array): number {
    return bytes.length
  }

  openStream(): Readable {
    const owner = ownerOfStream()
    const { Readable } = original('stream')
    let reading: Disposable | undefined
    const hold = (): void => void (reading ??= keepAlive(owner.ns))
    const rest = (): void => {
      reading?.[Symbol.dispose]()
      reading = undefined
    }
    const give = (): void => {
      const bytes = this.kind === 'null' ? new Uint8Array(0) : this.#take(WINDOW_BYTES)
      if (bytes === undefined) {
        this.#wake = () => owner.run(give)
        return
      }
      if (bytes.length === 0) rest()
      stream.push(bytes.length === 0 ? null : bytes)
    }
    const stream: Readable = new Readable({
      highWaterMark: WINDOW_BYTES,
      read() {
        hold()
        give()
      },
      destroy(error, done) {
        rest()
        done(error)
      },
    })
    // A program that has paused its stdin may end.
    stream.on('pause', rest)
    stream.on('resume', () => {
      if (!stream.readableEnded) hold()
    })
    const chained = (change: () => void) => (): Readable => {
      change()
      return stream
    }
    return Object.assign(stream, { fd: 0, _type: 'pipe', _isStdio: true, ref: chained(hold), unref: chained(rest) })
  }

  receive(message: ToPortStdio): void {
    if (message.type === 'stdin') this.#signal = new Int32Array(message.signal)
    else if (message.type === 'input') this.#chunks.push(message.bytes)
    else if (message.type === 'end') this.#ended = true
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** What is there, an empty array at the end, or `undefined` when more may come. */
  #take(length: number): Uint8Array | undefined {
    const [chunk] = this.#chunks
    if (chunk === undefined) return this.#ended ? new Uint8Array(0) : undefined
    const bytes = chunk.subarray(0, length)
    if (bytes.length === chunk.length) this.#chunks.shift()
    else this.#chunks[0] = chunk.subarray(length)
    this.#port.postMessage({ type: 'taken', byteLength: bytes.length } satisfies FromPortStdio)
    return bytes
  }
}

/**
 * Makes the channels of a guest over the port that leads to the streams of its handle. Nothing that has been written is
 * lost, however the guest ends.
 *
 * @param port - the guest's end
 * @returns the channels; disposing of them belongs to the guest's end, before the host is told of it
 */
export function createPortStdio(port: MessagePort): PortStdio {
  const { receiveMessageOnPort } = original('worker_threads')
  const outputs = { 1: new Output(port, 1), 2: new Output(port, 2) } as const
  const receive = (message: ToPortStdio): void => {
    if (message.type === 'taken') outputs[message.fd].taken(message.byteLength)
    else input.receive(message)
  }
  const input = new Input(port, () => {
    const received = receiveMessageOnPort(port) as { readonly message: ToPortStdio } | undefined
    if (received !== undefined) receive(received.message)
    return received !== undefined
  })
  port.on('message', receive)
  // What keeps the guest alive is said by its streams.
  port.unref()
  const stdio: Stdio = [input, outputs[1], outputs[2]]
  return Object.assign(stdio, {
    [Symbol.dispose]() {
      outputs[1].flush()
      outputs[2].flush()
      port.close()
    },
  })
}
