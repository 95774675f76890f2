import type { Endpoint } from './address.ts'
import { READ_BYTES } from './byte-queue.ts'
import { Connection, WINDOW_BYTES } from './connection.ts'
import type { Link } from './connection.ts'
import { createChannel, overChannel } from './frame-channel.ts'
import type { ChannelEnd } from './frame-channel.ts'
import { FrameKind, MAX_FRAME_VALUE } from './frame-ring.ts'
import { otherSide } from './frames.ts'
import type { FrameEnd, Frames, Side } from './frames.ts'
import { copyPieces } from './pieces.ts'
import type { ThreadMeans } from './thread-means.ts'

/** What the other side of a trunk needs. Can be sent to its thread, with `port` in the list of transfers. */
export type TrunkAttachment = ChannelEnd

/** A connection that this side has asked for. */
export interface Opening {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly done: (connection: Connection) => void
}

/** How a trunk is made. */
export interface TrunkOptions {
  /**
   * Called when the other side has accepted a connection.
   *
   * @param number - that this side has given it
   * @returns `undefined` when nobody waits for it any more
   */
  readonly opened: (number: number) => Opening | undefined
  /** Called once, when the trunk is over. */
  readonly closed: () => void
}

/**
 * One end of the way between two stacks of different threads or processes, over which all of their connections go. Each has a window of its own, so
 * that one whose reader does not read holds up no other.
 *
 * When the other side is gone, as at the end of its thread, all connections are reset.
 */
export class Trunk {
  readonly #side: Side
  readonly #options: TrunkOptions
  readonly #channel: Frames
  readonly #connections = new Map<number, Connection>()
  #isClosed = false

  /**
   * @param end - what it goes over
   * @param options - who is told
   */
  constructor(end: FrameEnd, options: TrunkOptions) {
    this.#side = end.side
    this.#options = options
    this.#channel = end.open({
      take: (kind, connection, value, bytes) => this.#take(kind, connection, value, bytes),
      closed: () => this.#end(),
    })
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#connections.size
  }

  /**
   * Accepts a connection.
   *
   * @param number - that the other side has given it
   * @param local - the address of this end
   * @param remote - the address of the other end
   */
  accept(number: number, local: Endpoint, remote: Endpoint): Connection {
    const key = keyOf(number, otherSide(this.#side))
    this.#channel.send(FrameKind.opened, key, 0)
    return this.#add(key, local, remote)
  }

  /** Ends the trunk for both sides. What has been sent still arrives; then all connections are reset. */
  close(): void {
    this.#channel.close()
    this.#end()
  }

  #add(key: number, local: Endpoint, remote: Endpoint): Connection {
    const connection = new Connection(local, remote, new TrunkLink(this.#channel, key, this.#connections))
    if (!this.#isClosed) this.#connections.set(key, connection)
    return connection
  }

  #take(kind: FrameKind, key: number, value: number, bytes: Uint8Array | undefined): void {
    if (kind === FrameKind.opened) return this.#open(key)
    // What comes for a connection that is over is nobody's.
    const connection = this.#connections.get(key)
    if (connection === undefined) return
    if (kind === FrameKind.data) connection.receive(bytes!)
    else if (kind === FrameKind.credit) connection.receiveCredit(value)
    else if (kind === FrameKind.end) connection.receiveEnd()
    else connection.receiveReset()
  }

  #open(key: number): void {
    const opening = this.#options.opened(numberOf(key))
    if (opening === undefined) return this.#channel.send(FrameKind.reset, key, 0)
    opening.done(this.#add(key, opening.local, opening.remote))
  }

  #end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const connection of [...this.#connections.values()]) connection.receiveLoss()
    this.#connections.clear()
    this.#options.closed()
  }
}

/**
 * Makes a trunk between two threads.
 *
 * @param means - of this one
 * @param options - who is told of this end
 * @returns this end, and what the other thread makes the other one of
 */
export function createTrunk(means: ThreadMeans, options: TrunkOptions): [trunk: Trunk, attachment: TrunkAttachment] {
  const [own, attachment] = createChannel(means)
  return [new Trunk(overChannel(own, means), options), attachment]
}

/** The way of one connection. There may be thousands: what they do is the class's. */
class TrunkLink implements Link {
  readonly arrivesInTurn = true
  readonly #channel: Frames
  readonly #key: number
  readonly #connections: Map<number, Connection>
  #unacknowledged = 0

  constructor(channel: Frames, key: number, connections: Map<number, Connection>) {
    this.#channel = channel
    this.#key = key
    this.#connections = connections
  }

  send(bytes: Uint8Array): void {
    this.#channel.send(FrameKind.data, this.#key, bytes.length, bytes)
  }

  lend(pieces: readonly Uint8Array[], sizeBytes: number): void {
    if (pieces.length > 1 && sizeBytes <= READ_BYTES) return this.send(copyPieces(pieces, sizeBytes))
    for (const piece of pieces) if (piece.length > 0) this.#channel.lend(this.#key, piece)
  }

  end(): void {
    this.#channel.send(FrameKind.end, this.#key, 0)
  }

  reset(): void {
    this.#channel.send(FrameKind.reset, this.#key, 0)
  }

  get hasMore(): boolean {
    return this.#channel.hasDataOf(this.#key)
  }

  /** One frame for many reads: the writer has room for this much more than it knows. */
  credit(sizeBytes: number): void {
    this.#unacknowledged += sizeBytes
    if (this.#unacknowledged < WINDOW_BYTES / 4) return
    const value = Math.min(this.#unacknowledged, MAX_FRAME_VALUE)
    this.#channel.send(FrameKind.credit, this.#key, value)
    this.#unacknowledged -= value
  }

  release(): void {
    this.#connections.delete(this.#key)
  }

  /** The trunk goes with the stack, and the other side hears of that. */
  vanish(): void {}

  lost(heard: (wasSilent: boolean) => void): void {
    heard(true)
  }
}

/** Both sides number the connections for which they ask. A frame has room for 32 bits. */
function keyOf(number: number, side: Side): number {
  return (number << 1) | side
}

function numberOf(key: number): number {
  return key >>> 1
}
