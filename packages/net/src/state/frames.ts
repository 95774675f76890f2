import type { FrameKind } from './frame-ring.ts'

/** The two ends of a way for frames. */
export type Side = 0 | 1

/** The other end. */
export function otherSide(side: Side): Side {
  return side === 0 ? 1 : 0
}

/** Who gets what arrives. */
export interface FrameReceiver {
  /** Takes a frame. What it throws is thrown to the event loop, and the frames after that come nevertheless. */
  take(kind: FrameKind, connection: number, value: number, bytes: Uint8Array | undefined): void
  /** The other side is gone, and all that it sent has been taken. */
  closed(): void
}

/** One end of a way for frames, in order: between two threads, or between two processes. */
export interface Frames {
  /**
   * Sends a frame.
   *
   * @param kind - what it says
   * @param connection - of which
   * @param value - with bytes, how many there are
   * @param bytes - they belong to the way from now on
   */
  send(kind: FrameKind, connection: number, value: number, bytes?: Uint8Array): void
  /**
   * Sends data that the way has for this call only: what it keeps it copies.
   *
   * @param connection - of which
   * @param bytes - at least one
   */
  lend(connection: number, bytes: Uint8Array): void
  /** Whether data of a connection has come that has not been delivered. */
  hasDataOf(connection: number): boolean
  /** Ends the way for both sides. The other one still gets what has been sent. */
  close(): void
}

/** One end of a way that nobody listens at yet. */
export interface FrameEnd {
  readonly side: Side
  /** Has what arrives go to a receiver. Called once. */
  open(receiver: FrameReceiver): Frames
}
