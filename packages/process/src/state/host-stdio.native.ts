import { original } from '@libvisor/abi'
import type { Channel, ChannelKind, Stdio } from '@libvisor/core'

/** Waits on an address that nobody wakes: the only way to sleep without returning to the event loop. */
const sleepCell = new Int32Array(new SharedArrayBuffer(4))

/** How long to wait when a non-blocking descriptor has nothing to give or takes nothing. @units milliseconds */
const RETRY_MS = 1

/** Repeats a system call for as long as the descriptor, which somebody made non-blocking, says "try again". */
function whenReady<Result>(call: () => Result): Result {
  for (;;) {
    try {
      return call()
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error
      Atomics.wait(sleepCell, 0, 0, RETRY_MS)
    }
  }
}

/** `/dev/null`. @source Linux `Documentation/admin-guide/devices.txt` */
const NULL_DEVICE = 0x103

/** What a descriptor is connected to. `tty`, which loads `net`, is asked only of character devices. */
function kindOf(fd: number): ChannelKind {
  try {
    const stats = original('fs').fstatSync(fd)
    if (stats.isFile()) return 'file'
    if (!stats.isCharacterDevice()) return 'pipe'
    return stats.rdev !== NULL_DEVICE && original('tty').isatty(fd) ? 'tty' : 'null'
  } catch {
    return 'null'
  }
}

/**
 * Makes a channel over a descriptor of the host.
 *
 * @param fd - an open descriptor
 * @returns the channel; what it is connected to is looked up when it is first asked
 * @example
 * ```ts
 * import { createHostChannel } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(createHostChannel(2).hostFd, 2)
 * ```
 */
export function createHostChannel(fd: number): Channel {
  let kind: ChannelKind | undefined
  return {
    get kind() {
      return (kind ??= kindOf(fd))
    },
    hostFd: fd,
    readSync(length) {
      const bytes = new Uint8Array(length)
      try {
        return bytes.subarray(
          0,
          whenReady(() => original('fs').readSync(fd, bytes, 0, length, null)),
        )
      } catch (error) {
        if ((error as { code?: string }).code === 'EOF') return new Uint8Array(0)
        throw error
      }
    },
    writeSync(bytes) {
      for (let offset = 0; offset < bytes.length;) {
        offset += whenReady(() => original('fs').writeSync(fd, bytes, offset))
      }
      return bytes.length
    },
  }
}

/**
 * Makes the stdio of a guest that shares the host's descriptors 0, 1 and 2.
 *
 * @returns its channels
 * @example
 * ```ts
 * import { createHostStdio } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * const [stdin, stdout, stderr] = createHostStdio()
 * assert.deepEqual([stdin.hostFd, stdout.hostFd, stderr.hostFd], [0, 1, 2])
 * ```
 */
export function createHostStdio(): Stdio {
  return [createHostChannel(0), createHostChannel(1), createHostChannel(2)]
}
