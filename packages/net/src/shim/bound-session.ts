/** What Node keeps behind a symbol that it does not export. */
export function valueBehind(object: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(object).find((candidate) => candidate.description === description)
  return symbol === undefined ? undefined : (object as Record<symbol, unknown>)[symbol]
}

let usesHttp2 = false

/** Notes that a guest of this thread has asked for http2: until then no socket has a session. */
export function noteHttp2(): void {
  usesHttp2 = true
}

/**
 * The session of http2 that has taken a socket.
 *
 * Node 22.23, 24.21 and 26.10 mean to keep it behind the symbol `kBoundSession`, import that from a module which does not
 * export it, and so keep it in a property of the name `undefined`.
 *
 * @param socket - a `net.Socket` or `tls.TLSSocket`
 */
export function boundSession(socket: object): object | undefined {
  if (!usesHttp2) return undefined
  const session = valueBehind(socket, 'kBoundSession') ?? (socket as { readonly undefined?: unknown }).undefined
  return typeof session === 'object' && session !== null ? session : undefined
}
