import { callNative } from '@libvisor/core'
import type { Connection } from '../state/connection.ts'
import { createSocket } from './node-internals.native.ts'
import type { NativeHandle } from './node-internals.native.ts'

/**
 * Joins a connection that the host's kernel has accepted to one of the guests' network. It does not keep the event loop alive.
 *
 * @param handle - of the kernel's
 * @param connection - nobody else reads or writes it from now on
 */
export function bridgeNative(handle: NativeHandle, connection: Connection): void {
  const outside = callNative(() => createSocket(handle).unref().pause())
  const pass = (): void => {
    while (!outside.writableNeedDrain) {
      const read = connection.read()
      if (read === undefined) return
      if (typeof read !== 'string') outside.write(read)
      else if (read === 'end') outside.end()
      else outside.resetAndDestroy()
    }
  }
  connection.onReadable = () => callNative(pass)
  callNative(() => {
    outside.on('drain', pass)
    outside.on('data', (bytes) => {
      outside.pause()
      connection.write([bytes], (error) => {
        if (error === undefined) outside.resume()
        else outside.destroy()
      })
    })
    outside.on('end', () => connection.shutdown(() => {}))
    outside.on('error', () => {})
    outside.on('close', () => connection.close())
    outside.resume()
    pass()
  })
}
