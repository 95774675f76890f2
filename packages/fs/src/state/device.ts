/** Devices without hardware: what `/dev` holds. */
import type { Entropy } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { StatRecord } from '../types.ts'
import type { AttributeChange, OpenFile, Vnode } from './vnode.ts'

/** What reads and writes in place of a device. */
export interface Device {
  /** @param flags - of open(2) */
  open(node: Vnode, flags: number): OpenFile
}

/** The largest read. @source Linux MAX_RW_COUNT @units bytes */
const LARGEST_READ = 0x7ffff000

/** What a device gives and takes. */
interface DeviceOperations {
  read(length: number): Uint8Array
  write(data: Uint8Array): number
  close?(): void
}

class DeviceFile implements OpenFile {
  readonly node: Vnode
  readonly hostFd = undefined
  readonly detached = false
  readonly handover = 0
  readonly stream = true
  readonly #operations: DeviceOperations

  constructor(node: Vnode, operations: DeviceOperations) {
    this.node = node
    this.#operations = operations
  }

  read(length: number): Uint8Array {
    return this.#operations.read(Math.min(length, LARGEST_READ))
  }

  write(data: Uint8Array): number {
    return this.#operations.write(data)
  }

  position(): number {
    return 0
  }

  append(data: Uint8Array): number {
    return this.#operations.write(data)
  }

  stat(): StatRecord {
    return this.node.stat()
  }

  change(change: AttributeChange): void {
    this.node.change(change)
  }

  truncate(): void {
    throw Errno.of('EINVAL')
  }

  sync(): void {
    throw Errno.of('EINVAL')
  }

  close(): void {
    this.#operations.close?.()
  }
}

function device(operations: DeviceOperations): Device {
  return { open: (node) => new DeviceFile(node, operations) }
}

const swallow = (data: Uint8Array): number => data.length
const zeros = (length: number): Uint8Array => new Uint8Array(length)

/** `/dev/null`: always at its end. */
export const nullDevice: Device = device({ read: () => new Uint8Array(0), write: swallow })

/** `/dev/zero`. */
export const zeroDevice: Device = device({ read: zeros, write: swallow })

/** `/dev/full`: a disk without room. */
export const fullDevice: Device = device({
  read: zeros,
  write() {
    throw Errno.of('ENOSPC')
  },
})

/** A terminal that is not there: `/dev/tty` of a process without one. */
export const noTerminal: Device = {
  open() {
    throw Errno.of('ENXIO')
  },
}

/**
 * A device or fifo that is somewhere else, too: a copy of it has attributes of its own, and leads to the same.
 *
 * @param original - what is opened in place of the copy
 */
export function sameDevice(original: Vnode): Device {
  return {
    open(node, flags) {
      const file = original.open(flags)
      return new DeviceFile(node, {
        read: (length) => file.read(length, -1),
        write: (data) => file.write(data, -1),
        close: () => file.close(),
      })
    },
  }
}

/**
 * `/dev/random` and `/dev/urandom`.
 *
 * @param entropy - where the bytes come from
 */
export function randomDevice(entropy: Entropy): Device {
  return device({
    read(length) {
      const bytes = new Uint8Array(length)
      // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- Not an array's method.
      entropy.fill(bytes)
      return bytes
    },
    write: swallow,
  })
}
