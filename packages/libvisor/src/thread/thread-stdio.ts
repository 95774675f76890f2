import type { Channel, Stdio } from '@libvisor/core'
import { host } from '@libvisor/abi'

const silent: Channel = Object.freeze({
  kind: 'null' as const,
  hostFd: undefined,
  readSync: () => new Uint8Array(0),
  writeSync: (bytes: Uint8Array) => bytes.length,
})

/** A channel over one of the thread's own streams, which pass what they get to the thread that started it. */
function createStreamChannel(stream: () => NodeJS.WriteStream): Channel {
  return Object.freeze({
    kind: 'pipe' as const,
    hostFd: undefined,
    readSync: () => new Uint8Array(0),
    writeSync(bytes: Uint8Array) {
      // The caller may change its array once the call has returned, as with write(2).
      stream().write(Uint8Array.from(bytes))
      return bytes.length
    },
  })
}

/**
 * Descriptors 0, 1 and 2 of a guest in a thread: stdin is empty, the others go where the thread's streams go.
 *
 * @returns the channels
 */
export function createThreadStdio(): Stdio {
  const { process } = host
  return [silent, createStreamChannel(() => process.stdout), createStreamChannel(() => process.stderr)]
}

/**
 * Descriptors 0, 1 and 2 of somebody who has no streams.
 *
 * @returns the channels
 */
export function createSilentStdio(): Stdio {
  return [silent, silent, silent]
}
