/**
 * The bindings of `process.binding()` and what a guest gets of each. `pure`: data and computation, the host's own.
 * `denied`: a way round the hooks.
 *
 * @source Node 22, 24, 26 `lib/internal/bootstrap/realm.js`: processBindingAllowList and legacyWrapperList
 */
export const bindings: Readonly<Record<string, 'denied' | 'pure'>> = {
  // Hands out raw handles through its hooks.
  async_wrap: 'denied',
  buffer: 'pure',
  // Sockets of c-ares and getaddrinfo.
  cares_wrap: 'denied',
  // Build options.
  config: 'pure',
  // Numbers of errno, signals, open flags, zlib and OpenSSL.
  constants: 'pure',
  // Evaluates code in contexts without hooks.
  contextify: 'denied',
  crypto: 'denied',
  fs: 'denied',
  fs_event_wrap: 'denied',
  http_parser: 'pure',
  icu: 'pure',
  inspector: 'denied',
  js_stream: 'denied',
  // The text of Node's own modules, which old copies of graceful-fs evaluate.
  natives: 'pure',
  os: 'denied',
  pipe_wrap: 'denied',
  process_wrap: 'denied',
  signal_wrap: 'denied',
  spawn_sync: 'denied',
  stream_wrap: 'denied',
  tcp_wrap: 'denied',
  tls_wrap: 'denied',
  tty_wrap: 'denied',
  udp_wrap: 'denied',
  url: 'pure',
  // Type checks.
  util: 'pure',
  // Names and texts of errors.
  uv: 'pure',
  // Sets flags of the engine and reads heaps.
  v8: 'denied',
  zlib: 'pure',
}
