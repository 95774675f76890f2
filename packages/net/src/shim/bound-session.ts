import type * as http2 from 'node:http2'
import type { Duplex } from 'node:stream'
import { invariant } from '@libvisor/abi'

/** What Node keeps behind a symbol that it does not export. */
export function valueBehind(object: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(object).find((candidate) => candidate.description === description)
  return symbol === undefined ? undefined : (object as Record<symbol, unknown>)[symbol]
}

/**
 * Behind what a socket has its session of http2. Unknown until a guest of this thread has asked for http2: until then no socket has one.
 *
 * Node 22.23, 24.21 and 26.10 mean it to be the symbol `kBoundSession`, import that from a module which does not export it, and so keep the session in a
 * property of the name `undefined`.
 */
let sessionKey: PropertyKey | undefined

/** Notes that a guest of this thread has asked for http2. */
export function noteHttp2({ performServerHandshake }: Pick<typeof http2, 'performServerHandshake'>): void {
  sessionKey ??= findSessionKey(performServerHandshake)
}

/** A session first looks whether its socket has another one, and refuses it then. */
function findSessionKey(createSession: typeof http2.performServerHandshake): PropertyKey {
  let key: PropertyKey | undefined
  const socket = new Proxy(
    {},
    {
      get(_target, asked) {
        key ??= asked
        return true
      },
    },
  )
  try {
    createSession(socket as Duplex)
  } catch {
    // ERR_HTTP2_SOCKET_BOUND
  }
  invariant(key !== undefined, 'a session of http2 looks whether its socket has one')
  return key
}

/**
 * The session of http2 that has taken a socket.
 *
 * @param socket - a `net.Socket` or `tls.TLSSocket`
 */
export function boundSession(socket: object): object | undefined {
  if (sessionKey === undefined) return undefined
  const session = (socket as Readonly<Record<PropertyKey, unknown>>)[sessionKey]
  return typeof session === 'object' && session !== null ? session : undefined
}
