import type { JSStreamHandle } from './node-internals.native.ts'
import { nodeInternals } from './node-internals.native.ts'
import { isUnderTls } from './open-handles.ts'

/** A `net.Socket`, as far as reading goes. */
interface ReadingSocket {
  readonly _handle: unknown
  readonly destroyed: boolean
  push(bytes: Uint8Array): boolean
  destroy(error?: Error): void
}

/** The handle of such a socket. */
export interface ReadHandle extends JSStreamHandle {
  /** Set while the parser of a server of http reads from the handle itself. */
  readonly _consumed?: boolean
  reading?: boolean
  /** What Node's JavaScript has read come to. */
  readonly onread: unknown
  readStop(): number
}

const { from } = Buffer

/**
 * Gives bytes to the socket of a handle as Node's JavaScript does, without copying them as a native stream would: that is most of what a read
 * costs.
 *
 * @param handle - of the connection
 * @param bytes - nobody else has them
 * @returns whether they were taken; not where native code reads from the handle, or a program has put something in the way
 * @source Node 24 `lib/internal/stream_base_commons.js`, onStreamRead
 */
export function readDirectly(handle: ReadHandle, bytes: Uint8Array): boolean {
  const { owner, onStreamRead, updateTimer } = nodeInternals()
  const socket = (handle as unknown as Record<symbol, unknown>)[owner] as
    | (ReadingSocket & Record<symbol, () => void>)
    | undefined
  if (socket?._handle !== handle || handle._consumed === true || handle.onread !== onStreamRead || isUnderTls(handle)) {
    return false
  }
  socket[updateTimer]!()
  if (socket.destroyed) return true
  if (!socket.push(from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length))) {
    handle.reading = false
    if (!socket.destroyed) handle.readStop()
  }
  return true
}
