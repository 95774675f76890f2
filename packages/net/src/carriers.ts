/** The built-ins that carry whatever connects: `fetch`, `WebSocket`, `EventSource`, `http`, the `undici` package. */
export const carriers: readonly string[] = Object.freeze(['net', 'dns', 'tls'])

/**
 * Diagnostics channels on which what Node has loaded by itself says that it is about to connect, with the built-ins that
 * must be patched before it does.
 */
export const connectAnnouncements: Readonly<Record<string, readonly string[]>> = Object.freeze({
  'undici:client:beforeConnect': carriers,
  'net.client.socket': carriers,
})
