import type { ErrnoCode } from '@libvisor/abi'
import { deliver, deliverEach, deliverEachNow, ownerHere } from '@libvisor/core'
import type { Namespace, Owner } from '@libvisor/core'
import { netStack } from '../slot.ts'
import { parseAddress, shownAs } from '../state/address.ts'
import type { Family } from '../state/address.ts'
import { READ_BYTES } from '../state/byte-queue.ts'
import type { Connection } from '../state/connection.ts'
import { FrameCutter } from '../state/http2-frames.ts'
import { isTooLong } from '../state/path-table.ts'
import { sizeOf } from '../state/pieces.ts'
import type { ConnectResult } from '../types.ts'
import { boundSession } from './bound-session.ts'
import { directReader, giveDirectly } from './direct-reads.ts'
import type { ReadHandle } from './direct-reads.ts'
import { connectByEgress } from './egress.ts'
import { Liveness } from './liveness.ts'
import { passFor } from './native-look.ts'
import { nodeInternals } from './node-internals.native.ts'
import type { ConnectRequestWrap, HandleConstructor, NativeHandle, SocketName } from './node-internals.native.ts'
import { TrackedHandle } from './open-handles.ts'
import type { StreamHandleClass, StreamHandleOptions } from './stream-handle-types.ts'
import { noteSynchronousWrite } from './synchronous-write.ts'
import { encodeChunks, encodeText } from './written-pieces.ts'

const ignore = (): void => {}

/** What `onwrite` says of a write that is complete already: no error number, but not asynchronous. */
const COMPLETE = 1

type State = 'idle' | 'connecting' | 'connected' | 'closed'

let classes: { readonly VirtualTCP: StreamHandleClass; readonly VirtualPipe: StreamHandleClass } | undefined

/** The constructors of virtual handles, made at the first use from Node's own. */
export function streamHandles(): { readonly VirtualTCP: StreamHandleClass; readonly VirtualPipe: StreamHandleClass } {
  const { TCP, Pipe } = nodeInternals()
  return (classes ??= { VirtualTCP: createClass(TCP), VirtualPipe: createClass(Pipe) })
}

/** Whether a value is a virtual handle. */
export function isVirtualHandle(handle: unknown): boolean {
  return classes !== undefined && (handle instanceof classes.VirtualTCP || handle instanceof classes.VirtualPipe)
}

/**
 * Makes a class of virtual handles that Node's JavaScript takes for a native one.
 *
 * @param Native - `TCP` or `Pipe`: what the handles are instances of, and whose methods they have
 */
function createClass(Native: HandleConstructor<NativeHandle>): StreamHandleClass {
  const { JSStream, owner: ownerSymbol } = nodeInternals()

  /**
   * A native stream handle whose other side is a {@link Connection}. Node calls `onwrite`, `onreadstart` and their
   * siblings from its C++ side, and the rest from JavaScript as it does with handles of libuv.
   */
  class VirtualStream extends JSStream {
    readonly #ns: Namespace
    #owner: Owner
    #connection: Connection | undefined
    #state: State = 'idle'
    #family: Family
    /** Whether a read is on its way through the delivery gate. */
    #delivering = false
    readonly #liveness: Liveness
    #tracked: TrackedHandle | undefined
    #local: { address?: string; port?: number } | undefined
    #typeOfService = 0
    #writtenAtOnce = 0
    #readAtOnce = 0
    /** One read fills one buffer: the guest may pause before the next. */
    #readLimit: number | undefined
    /** Found out by its first write. */
    #hasSession = false
    #cutter: FrameCutter | undefined
    /** Those that have been read and not been given to it. */
    #frames: Uint8Array[] | undefined

    constructor(options: StreamHandleOptions) {
      super()
      this.#ns = options.ns
      this.#liveness = new Liveness(options.ns)
      this.#owner = options.owner ?? ownerHere(options.ns)
      this.#family = options.family ?? 4
      if (options.connection !== undefined) {
        this.#adopt(options.connection)
        this.#track()
      }
    }

    // Called by Node's C++ side.

    onreadstart(): number {
      this.#liveness.active = true
      this.#pump()
      return 0
    }

    onreadstop(): number {
      this.#liveness.active = false
      return 0
    }

    onwrite(request: object, pieces: Uint8Array[]): number {
      if (this.#state === 'closed') return this.#errno('EBADF')
      if (this.#connection === undefined) return this.#errno('ENOTCONN')
      if (this.#isSession() && this.#hasRoomFor(sizeOf(pieces))) {
        this.#connection.write(pieces, ignore)
        return COMPLETE
      }
      this.#liveness.begin()
      this.#connection.write(pieces, (error) => {
        deliver(this.#owner, 'io', () => {
          this.#liveness.complete()
          this.finishWrite(request, this.#errno(error))
        })
      })
      return 0
    }

    onshutdown(request: object): number {
      if (this.#connection === undefined) return this.#errno('ENOTCONN')
      this.#liveness.begin()
      this.#connection.shutdown((error) => {
        deliver(this.#owner, 'kernel', () => {
          this.#liveness.complete()
          this.finishShutdown(request, this.#errno(error))
        })
      })
      return 0
    }

    isClosing(): boolean {
      return this.#state === 'closed'
    }

    // Called by Node's JavaScript.

    override writeBuffer(request: object | null, data: Uint8Array): number {
      return this.#hasRoomFor(data.length)
        ? this.#writeAtOnce(request, [data], data.length)
        : super.writeBuffer(request, data)
    }

    override writeUtf8String(request: object | null, text: string): number {
      return this.#writeEncoded(request, encodeText(text, 'utf8'))
    }

    override writeLatin1String(request: object | null, text: string): number {
      return this.#writeEncoded(request, encodeText(text, 'latin1'))
    }

    override writeAsciiString(request: object | null, text: string): number {
      return this.#writeEncoded(request, encodeText(text, 'latin1'))
    }

    override writeUcs2String(request: object | null, text: string): number {
      return this.#writeEncoded(request, encodeText(text, 'utf16le'))
    }

    override writev(request: object | null, chunks: unknown[], allBuffers: boolean): number {
      const pieces = allBuffers ? (chunks as Uint8Array[]) : encodeChunks(chunks)
      const size = sizeOf(pieces)
      return this.#hasRoomFor(size)
        ? this.#writeAtOnce(request, pieces, size)
        : super.writev(request, chunks, allBuffers)
    }

    override get bytesWritten(): number {
      return super.bytesWritten + this.#writtenAtOnce
    }

    override get bytesRead(): number {
      return super.bytesRead + this.#readAtOnce
    }

    override useUserBuffer(buffer: Uint8Array): void {
      this.#readLimit = buffer.length
      super.useUserBuffer(buffer)
    }

    bind(address: string, port: number): number {
      return this.#bind(address, port)
    }

    bind6(address: string, port: number): number {
      return this.#bind(address, port)
    }

    connect(request: ConnectRequestWrap, address: string, port?: number): number {
      return port === undefined ? this.#connectPath(request, address) : this.#connect(request, address, port, 4)
    }

    connect6(request: ConnectRequestWrap, address: string, port: number): number {
      return this.#connect(request, address, port, 6)
    }

    getsockname(out: SocketName): number {
      const connection = this.#connection
      if (connection !== undefined) return this.#name(out, connection.local.address, connection.local.port)
      if (this.#local === undefined) return this.#errno('EBADF')
      return this.#name(out, this.#local.address ?? '0.0.0.0', this.#local.port ?? 0)
    }

    getpeername(out: SocketName): number {
      const connection = this.#connection
      if (connection === undefined) return this.#errno('ENOTCONN')
      return this.#name(out, connection.remote.address, connection.remote.port)
    }

    close(done?: () => void): void {
      if (this.#state === 'closed') return
      const connecting = this.#state === 'connecting'
      this.#state = 'closed'
      if (!connecting && this.#connection !== undefined) {
        this.#connection.onReadable = ignore
        this.#connection.close()
      }
      this.#liveness.close()
      if (typeof done !== 'function') return this.#tracked?.forget()
      // libuv closes after the immediates that are set now. Until then, more than the handle may be left of the socket.
      deliver(this.#owner, 'io', () => {
        this.#tracked?.forget()
        Reflect.apply(done, this, [])
      })
    }

    reset(done?: () => void): number {
      if (this.#state === 'closed') return this.#errno('EINVAL')
      this.#connection?.reset()
      this.close(done)
      return 0
    }

    ref(): void {
      this.#liveness.ref()
    }

    unref(): void {
      this.#liveness.unref()
    }

    hasRef(): boolean {
      return this.#liveness.referenced
    }

    get writeQueueSize(): number {
      return !this.#liveness.busy ? 0 : (this.#connection?.inFlightBytes ?? 0)
    }

    setNoDelay(): number {
      return 0
    }

    setKeepAlive(): number {
      return 0
    }

    setBlocking(): number {
      return 0
    }

    setSimultaneousAccepts(): number {
      return 0
    }

    setTypeOfService(value: number): number {
      this.#typeOfService = value
      return 0
    }

    getTypeOfService(): number {
      return this.#typeOfService
    }

    listen(): number {
      return this.#errno('EINVAL')
    }

    open(): number {
      return this.#errno('EINVAL')
    }

    fchmod(): number {
      return 0
    }

    /**
     * Whether it is a session of http2 that writes. It takes writes that the kernel has no room for otherwise: what it has not
     * handed over when a stream or its socket is destroyed is lost.
     */
    #isSession(): boolean {
      if (this.#hasSession) return true
      const socket = (this as unknown as Record<symbol, { readonly _handle?: unknown } | undefined>)[ownerSymbol]
      // Under TLS the records are written by another handle.
      this.#hasSession = socket?._handle === this && boundSession(socket) !== undefined
      return this.#hasSession
    }

    /** Whether a write completes in the call that makes it, as one does that the kernel takes over whole. */
    #hasRoomFor(sizeBytes: number): boolean {
      return this.#state === 'connected' && this.#connection!.hasRoomFor(sizeBytes)
    }

    /** @param bytes - nobody else has them */
    #writeEncoded(request: object | null, bytes: Uint8Array): number {
      if (!this.#hasRoomFor(bytes.length)) return super.writeBuffer(request, bytes)
      this.#connection!.write([bytes], ignore)
      return this.#completeAtOnce(request, bytes.length)
    }

    /** @param pieces - whoever has them may change them when this returns */
    #writeAtOnce(request: object | null, pieces: readonly Uint8Array[], sizeBytes: number): number {
      this.#connection!.writeCopy(pieces, ignore)
      return this.#completeAtOnce(request, sizeBytes)
    }

    #completeAtOnce(request: object | null, sizeBytes: number): number {
      this.#writtenAtOnce += sizeBytes
      noteSynchronousWrite(request)
      return 0
    }

    #bind(address: string, port: number): number {
      const parsed = parseAddress(address)
      if (parsed === undefined) return this.#errno('EINVAL')
      if (!this.#ns.get(netStack).isOwn(parsed.address)) return this.#errno('EADDRNOTAVAIL')
      this.#family = parsed.family
      this.#local = { address: parsed.address, port }
      return 0
    }

    #connect(request: ConnectRequestWrap, address: string, port: number, family: Family): number {
      const refusal = this.#refuseConnect()
      if (refusal !== 0) return refusal
      const stack = this.#ns.get(netStack)
      if (!stack.covers(address)) {
        const socket = (this as unknown as Record<symbol, object>)[ownerSymbol]!
        const owner = ownerHere(this.#ns)
        const { referenced } = this.#liveness
        return connectByEgress({ ns: this.#ns, owner, socket, request, address, port, family, referenced })
      }
      this.#family = family
      this.#begin()
      const destination = { address, port }
      stack.connect(this.#local === undefined ? { destination } : { destination, local: this.#local }, (result) =>
        this.#completeConnect(request, result),
      )
      return 0
    }

    #connectPath(request: ConnectRequestWrap, path: string): number {
      const refusal = this.#refuseConnect()
      if (refusal !== 0) return refusal
      if (isTooLong(path)) return this.#errno('EINVAL')
      this.#begin()
      this.#ns.get(netStack).connectPath(path, (result) => this.#completeConnect(request, result))
      return 0
    }

    #refuseConnect(): number {
      if (this.#ns.ended) return this.#errno('ENETDOWN')
      if (this.#state === 'idle') return 0
      return this.#errno(this.#state === 'connecting' ? 'EALREADY' : this.#state === 'connected' ? 'EISCONN' : 'EBADF')
    }

    #begin(): void {
      this.#state = 'connecting'
      this.#track()
      this.#owner = ownerHere(this.#ns)
      this.#liveness.begin()
    }

    #completeConnect(request: ConnectRequestWrap, result: ConnectResult): void {
      const { trace } = this.#ns
      const connection = typeof result === 'string' ? undefined : result
      // The server may close before the client hears that it is connected: what then arrives waits in the connection.
      if (connection !== undefined && this.#state === 'connecting') this.#adopt(connection, 'connecting')
      deliver(this.#owner, 'connection', () => {
        this.#liveness.complete()
        if (this.#state === 'closed') {
          connection?.close()
          this.#complete(request, 'ECANCELED')
          return
        }
        this.#state = connection === undefined ? 'idle' : 'connected'
        if (connection === undefined) this.#tracked?.forget()
        if (trace.enabled && connection !== undefined) {
          trace.emit({
            area: 'net',
            operation: 'connect',
            target: `${connection.remote.address}:${connection.remote.port}`,
          })
        }
        this.#complete(request, typeof result === 'string' ? result : undefined)
        this.#pump()
      })
    }

    #track(): void {
      this.#tracked = new TrackedHandle(this.#ns, 'socket', this)
    }

    #complete(request: ConnectRequestWrap, error: ErrnoCode | undefined): void {
      const { oncomplete } = request
      if (typeof oncomplete !== 'function') return
      const connected = error === undefined
      Reflect.apply(oncomplete, request, [this.#errno(error), this, request, connected, connected])
    }

    #adopt(connection: Connection, state: State = 'connected'): void {
      this.#connection = connection
      this.#state = state
      connection.onReadable = () => this.#pump(connection.arrivesInTurn ? deliverEachNow : deliverEach)
    }

    /** @param through - at once where the event loop has just called */
    #pump(through: typeof deliverEach = deliverEach): void {
      if (this.#delivering || !this.#mayRead()) return
      this.#delivering = true
      through(this.#owner, 'data', () => this.#readNext())
    }

    #mayRead(): boolean {
      return this.#state === 'connected' && this.#liveness.active && this.#connection!.readable
    }

    /** @returns whether to read again in this turn of the event loop */
    #readNext(): boolean {
      const isMore = this.#state === 'connected' && (this.#readFrame() ?? this.#read())
      if (isMore && (this.#frames !== undefined || this.#mayRead())) return true
      this.#delivering = false
      this.#pump()
      return false
    }

    /**
     * Gives a session of http2 one frame after the other: between two, the kernel's sockets let Node's queues be emptied,
     * so that what hears of a stream does so before more arrives on it.
     *
     * @returns whether there is another one; `undefined` when there was none
     */
    #readFrame(): boolean | undefined {
      const frame = this.#frames?.shift()
      if (frame === undefined) return undefined
      if (this.#frames!.length === 0) this.#frames = undefined
      this.readBuffer(frame)
      return this.#frames !== undefined
    }

    /** @returns whether the buffer of a read was full: libuv then reads again, and waits for its next turn otherwise */
    #read(): boolean {
      if (!this.#mayRead()) return false
      const limit = this.#readLimit ?? READ_BYTES
      const result = this.#connection!.read(limit)
      if (result === undefined) return false
      if (result === 'end') {
        this.#liveness.active = false
        this.emitEOF()
        return false
      }
      if (result === 'reset') {
        // A JSStream cannot emit a failed read. Node's JavaScript would do this with one.
        const socket = (this as unknown as Record<symbol, { destroy(error: Error): void } | undefined>)[ownerSymbol]
        this.#liveness.active = false
        socket?.destroy(this.#ns.errors.call('ECONNRESET', 'read'))
        return false
      }
      this.#give(result)
      return result.length === limit || this.#frames !== undefined
    }

    #give(bytes: Uint8Array): void {
      if (this.#hasSession) {
        this.#frames = (this.#cutter ??= new FrameCutter()).cut(bytes)
        this.#readFrame()
        return
      }
      const handle = this as unknown as ReadHandle
      const socket = this.#readLimit === undefined ? directReader(handle) : undefined
      if (socket === undefined) return this.readBuffer(bytes)
      this.#readAtOnce += bytes.length
      giveDirectly(socket, handle, bytes)
    }

    #name(out: SocketName, address: string, port: number): number {
      out.address = shownAs(address, this.#family)
      out.family = this.#family === 6 ? 'IPv6' : 'IPv4'
      out.port = port
      return 0
    }

    #errno(code: ErrnoCode | undefined): number {
      return code === undefined ? 0 : -this.#ns.personality.errno[code][0]
    }
  }

  return passFor(Native, VirtualStream)
}
