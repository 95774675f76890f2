import type * as net from 'node:net'
import { callNative, startUnseen } from '@libvisor/core'
import { bindNative, createSocket } from './node-internals.native.ts'

const BACKLOG = 128

/**
 * Listens on a unix socket of the host for libvisor itself. No program of this process hears of it: there is no `net.Server` that would be announced on
 * diagnostics channels, or that a cluster would open in another process, and `async_hooks` do not tell. Neither what listens nor what is accepted keeps the event loop alive.
 *
 * @param path - of the socket; there must be nothing yet
 * @param accept - called with each connection, which may stay half open
 * @returns stops listening and removes the socket, or `undefined` where it cannot be made
 * @example
 * ```ts
 * import { listenOnHost } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 * import net from 'node:net'
 *
 * const path = `/tmp/libvisor-example-${process.pid}.sock`
 * const listening = listenOnHost(path, (socket) => socket.end('hello'))
 * const client = net.connect(path).setEncoding('utf8')
 * assert.deepEqual(await client.toArray(), ['hello'])
 * listening?.[Symbol.dispose]()
 * assert.equal(fs.existsSync(path), false)
 * ```
 */
export function listenOnHost(path: string, accept: (socket: net.Socket) => void): Disposable | undefined {
  const handle = startUnseen(
    () => bindNative(path),
    (made) => (typeof made === 'number' ? undefined : made.getAsyncId()),
  )
  if (typeof handle === 'number') return undefined
  handle.onconnection = (error, client) => {
    if (error === 0 && client !== undefined)
      callNative(() => accept(createSocket(client, { allowHalfOpen: true }).unref()))
  }
  if (handle.listen(BACKLOG) !== 0) {
    handle.close()
    return undefined
  }
  handle.unref()
  return { [Symbol.dispose]: () => handle.close() }
}
