import type { ErrnoCode } from '@libvisor/abi'
import type { Endpoint } from './address.ts'
import { ByteQueue, READ_BYTES } from './byte-queue.ts'
import { copyPieces, sizeOf } from './pieces.ts'

/**
 * How many bytes may be on their way to a reader that does not read. A write is complete when no more than this is
 * left of it and of what was written before: memory stays bounded by this and one write.
 *
 * @units bytes
 */
export const WINDOW_BYTES = 512 * 1024

/** Called when a write has been taken over, or has failed. */
export type Accepted = (error?: ErrnoCode) => void

/** What carries one direction of a connection, and the acknowledgements of the other one. */
export interface Link {
  /** Whether what comes from the other end does so in a callback of the event loop, and not in a call that the other end makes. */
  readonly arrivesInTurn: boolean
  /** Whether bytes of the other end have come as far as here, and wait for their turn. */
  readonly hasMore: boolean
  /** Sends bytes, in order. They belong to the link from now on. */
  send(bytes: Uint8Array): void
  /**
   * Sends pieces that the link has for this call only.
   *
   * @param sizeBytes - of all together
   */
  lend(pieces: readonly Uint8Array[], sizeBytes: number): void
  /** Says that no more bytes follow. */
  end(): void
  /** Breaks the connection off. */
  reset(): void
  /** Tells the other side how many of its bytes have been read. */
  credit(sizeBytes: number): void
  /** Nothing is sent any more, and nothing that arrives matters. */
  release(): void
  /** The stack of this end has gone, and cannot say anything more: the other end finds out by itself. */
  vanish(): void
  /**
   * The other end is gone without a word.
   *
   * @param heard - called once that shows here: when something gets through again. Says whether nothing can have been under way
   */
  lost(heard: (wasSilent: boolean) => void): void
}

/** Who holds a connection until it is over. */
export interface ConnectionHolder {
  released(connection: Connection): void
}

/** What a read of a connection gives: bytes, the end, a reset, or nothing yet. */
export type ReadResult = Uint8Array | 'end' | 'reset' | undefined

const ignore = (): void => {}

/** A write that waits until the reader has caught up. */
interface WaitingWrite {
  readonly accepted: Accepted
}

/**
 * One end of an established byte stream. What it sends goes through a link; what the other end sends arrives
 * by the `receive…` methods. Nothing here waits or schedules: `onReadable` and the callbacks of writes are called in the
 * call that caused them.
 */
export class Connection implements Disposable {
  readonly local: Endpoint
  readonly remote: Endpoint
  /** Called when there is something new to read. */
  onReadable: () => void = ignore
  /** Hears once that this end is closed or the connection is broken off. */
  holder: ConnectionHolder | undefined

  #link: Link
  readonly #incoming = new ByteQueue()
  #incomingEnded = false
  #resetReceived = false
  #endRead = false
  #outgoingEnded = false
  #closed = false
  #released = false
  #inFlight = 0
  /** Not there as long as none waits: there may be thousands of connections. */
  #waiting: WaitingWrite[] | undefined

  constructor(local: Endpoint, remote: Endpoint, link: Link) {
    this.local = local
    this.remote = remote
    this.#link = link
  }

  /** Whether what arrives does so in a callback of the event loop. */
  get arrivesInTurn(): boolean {
    return this.#link.arrivesInTurn
  }

  /**
   * Has what this end sends from now on go another way.
   *
   * @param wrap - makes the way out of the one that there is
   */
  sendThrough(wrap: (link: Link) => Link): void {
    this.#link = wrap(this.#link)
  }

  /** How many bytes have arrived and not been read. */
  get unreadBytes(): number {
    return this.#incoming.length
  }

  /** How far it has been closed: by neither end, by this one, by the other one, or by both. */
  get closing(): 'both' | 'here' | 'none' | 'there' {
    const here = this.#closed || this.#outgoingEnded
    const there = this.#incomingEnded || this.#resetReceived
    return here ? (there ? 'both' : 'here') : there ? 'there' : 'none'
  }

  /** Whether the other end has broken it off, or is gone: also where a read says nothing of it, because it has said the end. */
  get isReset(): boolean {
    return this.#resetReceived
  }

  /** How many bytes have been written and not been read by the other side. */
  get inFlightBytes(): number {
    return this.#inFlight
  }

  /** Whether a read would give something. */
  get readable(): boolean {
    if (this.#closed || this.#endRead) return false
    return this.#incoming.length > 0 || this.#incomingEnded || this.#resetReceived
  }

  /**
   * Reads what is there.
   *
   * @param limit - how many bytes at most
   * @returns bytes first, then the end or the reset that came after them
   */
  read(limit = READ_BYTES): ReadResult {
    if (this.#closed || this.#endRead) return undefined
    if (this.#incoming.length > 0) {
      const bytes = this.#incoming.take(limit)
      if (!this.#resetReceived) this.#link.credit(bytes.length)
      return bytes
    }
    if (!this.#resetReceived && !this.#incomingEnded) return undefined
    this.#endRead = true
    // As with the kernel's sockets, a reset that comes after the end is only seen by writes.
    return this.#incomingEnded ? 'end' : 'reset'
  }

  /**
   * Whether a write would be taken over at once.
   *
   * @param sizeBytes - of the write
   */
  hasRoomFor(sizeBytes: number): boolean {
    return !this.#closed && !this.#resetReceived && !this.#outgoingEnded && this.#inFlight + sizeBytes <= WINDOW_BYTES
  }

  /**
   * Sends bytes.
   *
   * @param pieces - they belong to the connection from now on
   * @param accepted - called when the other side has room for them, possibly before this call returns
   */
  write(pieces: readonly Uint8Array[], accepted: Accepted): void {
    if (!this.#begin(sizeOf(pieces), accepted)) return
    for (const piece of joined(pieces)) this.#link.send(piece)
  }

  /**
   * Sends bytes of somebody who may change them when this returns.
   *
   * @param pieces - they are copied
   * @param accepted - called when the other side has room for them, possibly before this call returns
   */
  writeCopy(pieces: readonly Uint8Array[], accepted: Accepted): void {
    const size = sizeOf(pieces)
    if (this.#begin(size, accepted) && size > 0) this.#link.lend(pieces, size)
  }

  /**
   * Says that nothing more is sent; reading goes on.
   *
   * @param done - called when all that was written before has been taken over
   */
  shutdown(done: Accepted): void {
    if (this.#closed) return done('ECANCELED')
    if (this.#resetReceived) return done('ENOTCONN')
    this.#whenAccepted(done)
    if (this.#outgoingEnded) return
    this.#outgoingEnded = true
    this.#link.end()
  }

  /**
   * Closes both directions. As with the kernel's sockets, bytes that arrived and were not read make it a reset.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const unread = this.#incoming.length > 0 || (!this.#resetReceived && this.#link.hasMore)
    this.#incoming.clear()
    if (!this.#resetReceived) {
      if (unread) this.#link.reset()
      else if (!this.#outgoingEnded) this.#link.end()
    }
    this.#settleWaiting('ECANCELED')
    if (unread || this.#incomingEnded || this.#resetReceived) this.#release()
  }

  /** Breaks the connection off: the other side reads ECONNRESET. */
  reset(): void {
    if (this.#closed) return
    this.#closed = true
    this.#incoming.clear()
    if (!this.#resetReceived) this.#link.reset()
    this.#settleWaiting('ECANCELED')
    this.#release()
  }

  /** The stack of this end goes: whoever used it hears nothing more. */
  [Symbol.dispose](): void {
    this.reset()
    // It may wait for its other side, and holds nothing of this one any more.
    this.onReadable = ignore
    this.holder = undefined
  }

  /** Bytes of the other end have arrived. */
  receive(bytes: Uint8Array): void {
    if (!this.#mayReceive()) return
    this.#incoming.add(bytes)
    this.onReadable()
  }

  /** The same with pieces of somebody else, who may change them when this returns. */
  receiveCopy(pieces: readonly Uint8Array[], sizeBytes: number): void {
    if (!this.#mayReceive()) return
    this.#incoming.addCopy(pieces, sizeBytes)
    this.onReadable()
  }

  /** The other end sends nothing more. */
  receiveEnd(): void {
    this.#incomingEnded = true
    if (this.#closed) this.#release()
    else this.onReadable()
  }

  /**
   * The other end is gone with its thread or process, and has not said so. A kernel says for a process that has died that nothing more comes, and
   * answers whatever is still sent with a reset.
   */
  receiveLoss(): void {
    const link = this.#link
    link.lost((wasSilent) => {
      // What has been sent will never be read.
      if (!wasSilent || this.#waiting !== undefined) return this.receiveReset()
      this.#link = new LostLink(this, link)
      this.receiveEnd()
    })
  }

  /** The other end has broken the connection off, or is gone. */
  receiveReset(): void {
    if (this.#resetReceived) return
    this.#resetReceived = true
    this.#settleWaiting('ECONNRESET')
    if (!this.#closed) this.onReadable()
    this.#release()
  }

  /** The other end has read some of what was written. */
  receiveCredit(sizeBytes: number): void {
    this.#inFlight -= sizeBytes
    if (this.#inFlight <= WINDOW_BYTES) this.#settleWaiting(undefined)
  }

  /** @returns whether bytes may be sent */
  #begin(sizeBytes: number, accepted: Accepted): boolean {
    const error = this.#closed ? 'ECANCELED' : this.#resetReceived || this.#outgoingEnded ? 'EPIPE' : undefined
    if (error !== undefined) {
      accepted(error)
      return false
    }
    this.#inFlight += sizeBytes
    // The writer hears of it before the reader does, as with the kernel's sockets.
    this.#whenAccepted(accepted)
    return true
  }

  #mayReceive(): boolean {
    if (!this.#closed) return true
    // Nobody will ever read it: the kernel answers with a reset.
    if (!this.#released) this.#link.reset()
    this.#release()
    return false
  }

  #whenAccepted(accepted: Accepted): void {
    if (this.#inFlight <= WINDOW_BYTES) accepted()
    else (this.#waiting ??= []).push({ accepted })
  }

  #settleWaiting(error: ErrnoCode | undefined): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    for (const { accepted } of waiting) accepted(error)
  }

  #release(): void {
    if (this.#released) return
    this.#released = true
    this.#link.release()
    this.holder?.released(this)
  }
}

/** What a write sends: one piece where that is read at once. */
function joined(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  if (pieces.length === 1 && pieces[0]!.length > 0) return pieces
  const sent = pieces.filter(({ length }) => length > 0)
  const size = sizeOf(sent)
  return sent.length > 1 && size <= READ_BYTES ? [copyPieces(sent, size)] : sent
}

/** A link to an end that is gone. */
class LostLink implements Link {
  readonly arrivesInTurn: boolean
  readonly hasMore = false
  readonly #connection: Connection
  readonly #before: Link

  /** @param before - what it was */
  constructor(connection: Connection, before: Link) {
    this.#connection = connection
    this.#before = before
    this.arrivesInTurn = before.arrivesInTurn
  }

  send(): void {
    this.#connection.receiveReset()
  }

  lend(): void {
    this.#connection.receiveReset()
  }

  end(): void {}

  reset(): void {}

  credit(): void {}

  release(): void {
    this.#before.release()
  }

  vanish(): void {}

  lost(): void {}
}

/** A link to an end in the same heap. There may be thousands: what they do is the class's. */
class MemoryLink implements Link {
  readonly arrivesInTurn = false
  readonly hasMore = false
  other!: Connection

  send(bytes: Uint8Array): void {
    this.other.receive(bytes)
  }

  lend(pieces: readonly Uint8Array[], sizeBytes: number): void {
    this.other.receiveCopy(pieces, sizeBytes)
  }

  end(): void {
    this.other.receiveEnd()
  }

  reset(): void {
    this.other.receiveReset()
  }

  credit(sizeBytes: number): void {
    this.other.receiveCredit(sizeBytes)
  }

  release(): void {}

  vanish(): void {
    this.other.receiveLoss()
  }

  lost(heard: (wasSilent: boolean) => void): void {
    heard(true)
  }
}

/**
 * Joins two ends in memory.
 *
 * @param client - the side that connects
 * @param server - the side that is connected to
 * @returns both ends
 */
export function joinInMemory(client: Endpoint, server: Endpoint): [client: Connection, server: Connection] {
  const [toServer, toClient] = [new MemoryLink(), new MemoryLink()]
  const ends: [Connection, Connection] = [
    new Connection(client, server, toServer),
    new Connection(server, client, toClient),
  ]
  ;[toClient.other, toServer.other] = ends
  return ends
}
