/**
 * Files that `http2` sends by itself: natively, from a descriptor of the host. Where the guest's file is the host's own,
 * Node goes on to do that, with the host's path or descriptor; any other is sent as a stream of the guest's `fs`.
 */
import { apply, builtin } from '@libvisor/abi'
import { bindGuest, callNative, createDispatcher, mimic, slots } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'
import type * as fs from 'node:fs'
import type { ServerHttp2Stream, StatOptions } from 'node:http2'

type Bag = Record<PropertyKey, unknown>
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown
type Headers = Record<string, unknown>

/** What a guest passes with a file. */
interface SendOptions {
  readonly offset?: number
  readonly length?: number
  readonly waitForTrailers?: boolean
  readonly statCheck?: (this: ServerHttp2Stream, stat: fs.Stats, headers: Headers, options: StatOptions) => unknown
  readonly onError?: (error: Error) => void
}

/** How the guest's `fs` gets at what is to be sent. */
interface Source {
  /** Whether its size is told, as that of a path is and that of a descriptor is not. */
  readonly isPath: boolean
  stat(done: (error: Error | null, stat: fs.Stats) => void): void
  read(range: { readonly start: number; readonly end: number }): fs.ReadStream
}

/**
 * Hooks the streams of servers. Their class is nowhere among the exports: the first stream that a server gets shows it,
 * before the guest has the stream.
 *
 * @param realm - the realm to change
 * @param current - who calls
 * @param exports - of `http2`
 */
export function hookHttp2Files(realm: Realm, current: CurrentNamespace, exports: Bag): void {
  let isHooked = false
  const onStream = (stream: ServerHttp2Stream): void => {
    if (isHooked) return
    isHooked = true
    patchStreams(realm, current, Object.getPrototypeOf(stream) as Bag)
  }
  const onSession = (session: NodeJS.EventEmitter): void => void session.prependOnceListener('stream', onStream)

  const watching = (name: string, watch: (made: NodeJS.EventEmitter) => void): void => {
    const make = exports[name]
    if (typeof make !== 'function') return
    const watched = function (this: unknown, ...args: unknown[]): unknown {
      const made = apply(make as AnyFunction, this, args) as NodeJS.EventEmitter
      if (!isHooked) watch(made)
      return made
    }
    realm.patches.patch(exports, name, { value: mimic(make, watched) })
  }
  for (const name of ['createServer', 'createSecureServer']) {
    watching(name, (server) => void server.prependOnceListener('session', onSession))
  }
  watching('performServerHandshake', onSession)
}

function patchStreams(realm: Realm, current: CurrentNamespace, prototype: Bag): void {
  const patch = (name: string, select: (ns: Namespace, original: AnyFunction) => AnyFunction): void => {
    const original = prototype[name] as AnyFunction
    const dispatcher = createDispatcher(original, current, (ns) => select(ns, original))
    realm.patches.patch(prototype, name, { value: dispatcher })
  }

  patch(
    'respondWithFile',
    (ns, original) =>
      function (this, path, headers, options) {
        const text =
          path instanceof URL ? decodeURIComponent(path.pathname) : Buffer.isBuffer(path) ? path.toString() : path
        // The original says what is wrong.
        if (typeof text !== 'string' || mayNotRespond(this)) return apply(original, this, [path, headers, options])
        const absolute = text.startsWith('/') ? text : `${ns.find(slots.identity)?.cwd ?? ''}/${text}`
        const hostPath = ns.find(slots.fileView)?.hostPath(absolute)
        if (hostPath !== undefined) return sendNatively(this, original, [hostPath, headers, options])
        const { stat, createReadStream } = builtin('fs') as typeof fs
        const source: Source = {
          isPath: true,
          stat: (done) => stat(text, done),
          read: (range) => createReadStream(text, range),
        }
        send(ns, this as ServerHttp2Stream, source, headers as Headers, options as SendOptions)
      },
  )

  patch(
    'respondWithFD',
    (ns, original) =>
      function (this, file, headers, options) {
        const fd = typeof file === 'object' && file !== null ? (file as { readonly fd?: unknown }).fd : file
        if (typeof fd !== 'number' || mayNotRespond(this)) return apply(original, this, [file, headers, options])
        const hostFd = ns.find(slots.fileView)?.hostFd?.(fd)
        if (hostFd !== undefined) return sendNatively(this, original, [hostFd, headers, options])
        const { fstat, createReadStream } = builtin('fs') as typeof fs
        const source: Source = {
          isPath: false,
          stat: (done) => fstat(fd, done),
          read: (range) => createReadStream('', { ...range, fd, autoClose: false }),
        }
        send(ns, this as ServerHttp2Stream, source, headers as Headers, options as SendOptions)
      },
  )
}

function mayNotRespond(stream: unknown): boolean {
  const { destroyed, closed, headersSent } = stream as ServerHttp2Stream
  return destroyed || closed || headersSent
}

function sendNatively(stream: unknown, original: AnyFunction, [file, headers, options]: unknown[]): unknown {
  const asked = options as SendOptions | undefined
  const bound =
    typeof asked === 'object' && asked !== null
      ? { ...asked, statCheck: bindGuest(asked.statCheck), onError: bindGuest(asked.onError) }
      : options
  return callNative(() => apply(original, stream, [file, headers, bound]))
}

/** @source Node 24 `lib/internal/http2/core.js`, doSendFileFD and doSendFD */
function send(
  ns: Namespace,
  stream: ServerHttp2Stream,
  source: Source,
  given: Headers | undefined,
  options: SendOptions = {},
): void {
  const { statCheck, onError, waitForTrailers = false } = options
  const fail = (error: Error): void => void (onError === undefined ? stream.destroy(error) : onError(error))
  const range: StatOptions = { offset: options.offset ?? 0, length: options.length ?? -1 }
  const headers: Headers = { ...given }
  const respond = (length: number): void => {
    if (source.isPath) headers['content-length'] = length
    stream.respond(headers as never, { waitForTrailers })
    if (length === 0) return void stream.end()
    const file = source.read({ start: range.offset, end: range.offset + length - 1 })
    file.on('error', () => {
      const message = 'Stream closed with error code NGHTTP2_INTERNAL_ERROR'
      stream.destroy(ns.errors.coded('Error', 'ERR_HTTP2_STREAM_ERROR', message))
    })
    file.pipe(stream)
  }

  // The size of what a descriptor leads to is nobody's business, unless the guest asks.
  if (!source.isPath && statCheck === undefined) return respond(lengthOf(range, Infinity))
  source.stat((error, stat) => {
    if (stream.destroyed || stream.closed) return
    if (error !== null) return fail(error)
    if (source.isPath && !stat.isFile()) {
      return fail(ns.errors.coded('Error', 'ERR_HTTP2_SEND_FILE', 'Directories cannot be sent'))
    }
    if (statCheck !== undefined && apply(statCheck, stream, [stat, headers, range]) === false) return
    if (stream.destroyed || stream.headersSent) return
    respond(lengthOf(range, Math.max(0, stat.size - range.offset)))
  })
}

/** How much is sent of what there is. */
function lengthOf({ length = -1 }: StatOptions, rest: number): number {
  return length < 0 ? rest : Math.min(rest, length)
}
