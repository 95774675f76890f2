import type { ErrnoCode } from '@libvisor/abi'
import { deliver, deliverNow, ownerHere, setOwner, slots } from '@libvisor/core'
import type { Namespace, Owner } from '@libvisor/core'
import { parseAddress, unmapped } from '../state/address.ts'
import type { Connection } from '../state/connection.ts'
import { netStack } from '../slot.ts'
import { Liveness } from './liveness.ts'
import type { Listener, PathListener } from '../types.ts'
import { passFor } from './native-look.ts'
import { createAsyncId, nodeInternals } from './node-internals.native.ts'
import type { HandleConstructor, NativeHandle, SocketName } from './node-internals.native.ts'
import { TrackedHandle, trackNative } from './open-handles.ts'
import { streamHandles } from './stream-handle.ts'

/** What a server is to listen on. */
export type ServerTarget =
  | { readonly path: string }
  | { readonly address: string; readonly port: number; readonly ipv6Only: boolean; readonly reusePort: boolean }

/** The handle of a virtual server, as far as libvisor itself uses it. */
export interface ServerHandle {
  /** Binds and listens. @returns 0 or a negative error number */
  listen(backlog?: number): number
  close(done?: () => void): void
  onconnection: ((error: number, client: object | undefined) => void) | undefined
}

/** What libuv's `uv_pipe_chmod` takes. */
const UV_READABLE = 1
const UV_WRITABLE = 2

type ServerHandleClass = new (ns: Namespace, target: ServerTarget) => ServerHandle

let classes: { readonly tcp: ServerHandleClass; readonly pipe: ServerHandleClass } | undefined

/**
 * Makes the handle of a virtual server. Nothing is bound before `listen`: Node makes its error of what that returns.
 *
 * @param ns - the server's namespace
 * @param target - what it is to listen on
 */
export function createServerHandle(ns: Namespace, target: ServerTarget): ServerHandle {
  if (classes === undefined) {
    const { TCP, Pipe } = nodeInternals()
    classes = { tcp: createClass(TCP), pipe: createClass(Pipe) }
  }
  return new ('path' in target ? classes.pipe : classes.tcp)(ns, target)
}

function createClass(Native: HandleConstructor<NativeHandle>): ServerHandleClass {
  class VirtualServer implements ServerHandle {
    onconnection: ServerHandle['onconnection']
    readonly #ns: Namespace
    readonly #target: ServerTarget
    readonly #asyncId = createAsyncId(Native.name === 'TCP' ? 'TCPSERVERWRAP' : 'PIPESERVERWRAP')
    /** The context in which the server was made: its handlers run there, whoever connects. */
    readonly #owner: Owner
    #listener: Listener | PathListener | undefined
    #closed = false
    #tracked: TrackedHandle | undefined
    readonly #liveness: Liveness

    constructor(ns: Namespace, target: ServerTarget) {
      this.#ns = ns
      this.#target = target
      this.#owner = ownerHere(ns)
      this.#liveness = new Liveness(ns)
    }

    listen(): number {
      if (this.#listener !== undefined) return 0
      const listener = this.#listen()
      if (typeof listener === 'string') return this.#errno(listener)
      this.#listener = listener
      this.#liveness.active = true
      this.#tracked = new TrackedHandle(this.#ns, 'server', this)
      if (this.#ns.trace.enabled) {
        const target = 'port' in listener ? `${listener.address}:${listener.port}` : listener.path
        this.#ns.trace.emit({ area: 'net', operation: 'listen', target })
      }
      return 0
    }

    close(done?: () => void): void {
      if (this.#closed) return
      this.#closed = true
      this.#tracked?.forget()
      this.#listener?.[Symbol.dispose]()
      this.#listener = undefined
      this.#liveness.close()
      if (typeof done === 'function') deliver(this.#owner, 'io', () => Reflect.apply(done, this, []))
    }

    getsockname(out: SocketName): number {
      const listener = this.#listener
      if (listener === undefined || !('port' in listener)) return this.#errno('EBADF')
      out.address = listener.address
      out.family = listener.family === 6 ? 'IPv6' : 'IPv4'
      out.port = listener.port
      return 0
    }

    getAsyncId(): number {
      return this.#asyncId
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

    /** @param flags - libuv's, of what everybody may do with the socket */
    fchmod(flags: number): number {
      const listener = this.#listener
      if (listener === undefined || 'port' in listener) return this.#errno('EBADF')
      const mode = ((flags & UV_READABLE) === 0 ? 0 : 0o444) | ((flags & UV_WRITABLE) === 0 ? 0 : 0o222)
      const error = listener.chmod(mode)
      return error === undefined ? 0 : this.#errno(error)
    }

    get fd(): number {
      return -1
    }

    #listen(): Listener | PathListener | ErrnoCode {
      const stack = this.#ns.get(netStack)
      const target = this.#target
      if ('path' in target) {
        return stack.listenPath(target.path, (connection) => this.#accept(connection, streamHandles().VirtualPipe))
      }
      return stack.listen({
        ...target,
        privileged: (this.#ns.find(slots.identity)?.uid ?? 0) === 0,
        accept: (connection) => this.#accept(connection, streamHandles().VirtualTCP),
        acceptNative: (handle) => this.#acceptNative(handle as NativeHandle),
      })
    }

    #accept(connection: Connection, Handle: ReturnType<typeof streamHandles>['VirtualTCP']): void {
      const owner = this.#owner
      deliver(owner, 'connection', () => {
        if (this.#closed) return connection.reset()
        const listener = this.#listener
        const family = listener !== undefined && 'family' in listener ? listener.family : 4
        this.onconnection?.(0, new Handle({ ns: this.#ns, owner, connection, family }))
      })
    }

    /** A connection to a published port: the host's kernel carries it, and nothing of it passes through libvisor. */
    #acceptNative(handle: NativeHandle): void {
      const port = (this.#listener as Listener).port
      deliverNow(this.#owner, 'connection', () => {
        // It was made in the publisher's async context.
        handle.asyncReset(handle)
        const local = unmapped(parseAddress(this.#ns.get(netStack).addresses[0] ?? '127.0.0.1')!).address
        handle.getsockname = (out) => {
          Object.assign(out, { address: local, family: 'IPv4', port })
          return 0
        }
        trackNative(this.#ns, handle)
        this.onconnection?.(0, handle)
        const socket = (handle as unknown as Record<symbol, object | undefined>)[nodeInternals().owner]
        if (socket !== undefined) setOwner(socket, this.#ns)
      })
    }

    #errno(code: ErrnoCode): number {
      return -this.#ns.personality.errno[code][0]
    }
  }
  return passFor(Native, VirtualServer)
}
