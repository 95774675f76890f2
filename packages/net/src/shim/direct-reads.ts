import { tellOfNew } from '@libvisor/core'
import { boundSession } from './bound-session.ts'
import type { JSStreamHandle } from './node-internals.native.ts'
import { nodeInternals } from './node-internals.native.ts'
import { isUnderTls } from './open-handles.ts'
import { copyAlone } from './written-pieces.ts'

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
 * The socket of a handle, if what is read may be given to it as Node's JavaScript does, without copying it as a native stream would: that is most
 * of what a read costs.
 *
 * @param handle - of the connection
 * @returns `undefined` where native code reads from the handle, or a program has put something in the way
 */
export function directReader(handle: ReadHandle): ReadingSocket | undefined {
  const { owner, onStreamRead } = nodeInternals()
  const socket = (handle as unknown as Record<symbol, ReadingSocket | undefined>)[owner]
  const isDirect = socket?._handle === handle && handle._consumed !== true && handle.onread === onStreamRead
  // A session of http2 may read before its first write shows that there is one.
  return isDirect && !isUnderTls(handle) && boundSession(socket) === undefined ? socket : undefined
}

/**
 * Gives bytes to a socket.
 *
 * @param socket - what {@link directReader} found
 * @param handle - of the connection
 * @param bytes - nobody else has them
 * @source Node 24 `lib/internal/stream_base_commons.js`, onStreamRead
 */
export function giveDirectly(socket: ReadingSocket, handle: ReadHandle, bytes: Uint8Array): void {
  ;(socket as unknown as Record<symbol, () => void>)[nodeInternals().updateTimer]!()
  if (socket.destroyed) return
  const isAlone = bytes.byteLength === bytes.buffer.byteLength
  const given = !isAlone ? copyAlone(bytes) : bytes instanceof Buffer ? bytes : from(bytes.buffer as ArrayBuffer)
  tellOfNew(given.length)
  if (socket.push(given)) return
  handle.reading = false
  if (!socket.destroyed) handle.readStop()
}
