/**
 * The parts of Node's sockets that have no public name, reached through public API: the constructors of native handles,
 * and two symbols. Seen on 22.23, 24.21 and 26.10.
 */
import type * as net from 'node:net'
import { Duplex } from 'node:stream'
import { AsyncResource } from 'node:async_hooks'
import { apply, defineProperty, host, invariant, original } from '@libvisor/abi'
import { callNative, enterNobody } from '@libvisor/core'

/** What libuv calls on its requests: the status is 0 or a negative error number. */
export interface ConnectRequestWrap {
  oncomplete?: (status: number, handle: object, request: object, readable: boolean, writable: boolean) => void
}

/** Address of one end, as `getsockname` fills it in. */
export interface SocketName {
  address?: string
  port?: number
  family?: string
}

/** A native stream handle that is fed from JavaScript. Node's `net`, `http`, `http2` and `tls` work on it unmodified. */
export interface JSStreamHandle {
  /** Gives bytes to whoever reads the stream; they are copied. */
  readBuffer(bytes: Uint8Array): void
  /** Ends what can be read. */
  emitEOF(): void
  finishWrite(request: object, status: number): void
  finishShutdown(request: object, status: number): void
  /** @param request - `null` from Node 26 on, which makes one where the write is asynchronous */
  writeBuffer(request: object | null, data: Uint8Array): number
  writeUtf8String(request: object | null, text: string): number
  writeLatin1String(request: object | null, text: string): number
  writeAsciiString(request: object | null, text: string): number
  writeUcs2String(request: object | null, text: string): number
  /** @param chunks - buffers, or chunks that alternate with their encodings */
  writev(request: object | null, chunks: unknown[], allBuffers: boolean): number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Makes reads fill a buffer of the guest. */
  useUserBuffer(buffer: Uint8Array): void
  getAsyncId(): number
}

/** A native handle of a TCP connection or a unix socket. */
export interface NativeHandle {
  bind(address: string, port: number): number
  bind6(address: string, port: number, flags?: number): number
  connect(request: object, address: string, port?: number): number
  connect6(request: object, address: string, port: number): number
  listen(backlog: number): number
  getsockname(out: SocketName): number
  getpeername(out: SocketName): number
  ref(): void
  unref(): void
  close(done?: () => void): void
  reset(done?: () => void): number
  asyncReset(resource: object): void
  getAsyncId(): number
  readonly bytesRead: number
  readonly bytesWritten: number
  onconnection?: (error: number, client: NativeHandle | undefined) => void
}

/** A constructor of native handles. */
export interface HandleConstructor<Handle> {
  readonly name: string
  new (type?: number): Handle
  readonly prototype: object
}

/** What is inside Node. */
export interface NodeInternals {
  readonly JSStream: HandleConstructor<JSStreamHandle>
  readonly TCP: HandleConstructor<NativeHandle>
  readonly Pipe: HandleConstructor<NativeHandle>
  /** A stream that was never opened: a write to it fails at once. It keeps nobody alive. */
  readonly neverOpened: Pick<JSStreamHandle, 'writeBuffer'>
  /** The property of a handle that holds its `net.Socket` or `net.Server`. */
  readonly owner: symbol
  /** What `net` has native handles call with what they have read. */
  readonly onStreamRead: unknown
  /** The method with which a socket notes that it is in use. */
  readonly updateTimer: symbol
}

/** @source Node 24 `src/pipe_wrap.h`, SocketType */
const PIPE_SOCKET = 0

let found: NodeInternals | undefined

/**
 * The constructors of native handles and the symbols of Node's sockets. Found at the first use, since it loads `tls`.
 */
export function nodeInternals(): NodeInternals {
  return (found ??= callNative(find))
}

/** The methods of `net` as they were before the first patch. */
export interface NetOriginals {
  readonly connect: (this: net.Socket, ...args: unknown[]) => net.Socket
  readonly reinitialize: (this: net.Socket, handle: object) => void
  readonly listen2: (this: net.Server, ...args: unknown[]) => void
  /** `net._normalizeArgs`. */
  readonly normalizeArgs: (args: unknown[]) => unknown[]
  /** Names the method that replaces a socket's handle. `tls.TLSSocket` overrides it. */
  readonly reinitializeSymbol: symbol
}

let originals: NetOriginals | undefined

/** Captures the methods that hooks replace. The first call comes before the first patch. */
export function netOriginals(): NetOriginals {
  if (originals !== undefined) return originals
  const { Socket, Server } = original('net')
  const socket = Socket.prototype as unknown as Record<PropertyKey, unknown>
  const server = Server.prototype as unknown as Record<PropertyKey, unknown>
  const symbol = findSymbol(socket, 'kReinitializeHandle')
  return (originals = Object.freeze({
    connect: socket['connect'] as NetOriginals['connect'],
    reinitialize: socket[symbol] as NetOriginals['reinitialize'],
    listen2: server['_listen2'] as NetOriginals['listen2'],
    normalizeArgs: (original('net') as unknown as { _normalizeArgs: NetOriginals['normalizeArgs'] })._normalizeArgs,
    reinitializeSymbol: symbol,
  }))
}

/** An id for a handle that is not native, as `async_hooks` gives them. */
export function createAsyncId(type: string): number {
  return new AsyncResource(type).asyncId()
}

/**
 * Binds a native handle at once, without `net.Server`.
 *
 * @param address - without a port, the path of a unix socket
 * @returns the handle, or a negative error number
 */
export function bindNative(address: string, port?: number): NativeHandle | number {
  const { _createServerHandle: create } = original('net') as unknown as {
    _createServerHandle(
      address: string,
      port: number,
      family: number,
      fd?: number,
      flags?: number,
    ): NativeHandle | number
  }
  if (port === undefined) return callNative(create, address, -1, -1)
  return callNative(create, address, port, address.includes(':') ? 6 : 4, undefined, 0)
}

/**
 * Makes a socket of the host.
 *
 * @param handle - of a connection that it has accepted; left out where it is to connect
 * @param options - as Node has them
 */
export function createSocket(handle?: NativeHandle, options: net.SocketConstructorOpts = {}): net.Socket {
  return new (original('net').Socket)(
    (handle === undefined ? options : { ...options, handle }) as net.SocketConstructorOpts,
  )
}

function find(): NodeInternals {
  const { TLSSocket } = original('tls')
  // A TLS socket over a stream without a native handle wraps it in a native one that is fed from JavaScript.
  const wrapped = new TLSSocket(
    new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        done()
      },
    }) as net.Socket,
  )
  wrapped.on('error', () => {})
  const { _parentWrap } = (wrapped as unknown as { _handle: { _parentWrap: { _handle: { onread?: unknown } } } })
    ._handle
  const JSStream = _parentWrap._handle.constructor
  const { onread: onStreamRead } = _parentWrap._handle
  wrapped.destroy()

  const [tcp, pipe] = unannounced(() => [handleOf({ port: Number.NaN }), handleOf({ path: true })] as const)
  invariant(JSStream.name === 'JSStream', 'a TLS socket over a JavaScript stream has a JSStream handle')
  const Pipe = pipe.constructor as HandleConstructor<JSStreamHandle & NativeHandle>
  const neverOpened = enterNobody(() => new Pipe(PIPE_SOCKET))
  neverOpened.unref()
  return Object.freeze({
    JSStream: JSStream as HandleConstructor<JSStreamHandle>,
    TCP: tcp.constructor as HandleConstructor<NativeHandle>,
    Pipe,
    neverOpened,
    owner: findSymbol(tcp, 'owner_symbol'),
    onStreamRead,
    updateTimer: findSymbol(original('net').Socket.prototype, 'kUpdateTimer'),
  })
}

/** Keeps from subscribers what is no connection of anybody. */
function unannounced<T>(probe: () => T): T {
  const channel = original('diagnostics_channel').channel('net.client.socket')
  defineProperty(channel, 'hasSubscribers', { value: false, configurable: true })
  try {
    return probe()
  } finally {
    Reflect.deleteProperty(channel, 'hasSubscribers')
  }
}

/** The handle that a socket makes for itself. An argument that is refused later keeps it from connecting. */
function handleOf(options: object): object {
  const socket = createSocket()
  try {
    apply(netOriginals().connect, socket, [options])
  } catch {
    // The refusal, after the handle was made.
  }
  const { _handle: handle } = socket as unknown as { _handle: object | null }
  socket.destroy()
  invariant(handle !== null, 'a socket has a handle before its address is checked')
  return handle
}

function findSymbol(object: object, description: string): symbol {
  const symbol = Object.getOwnPropertySymbols(object).find((candidate) => candidate.description === description)
  invariant(symbol !== undefined, `Node ${host.process.version} has no ${description}`)
  return symbol
}
