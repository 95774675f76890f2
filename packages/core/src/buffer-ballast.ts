import { original } from '@libvisor/abi'

/** Buffers of this size are counted: smaller ones are few bytes, and V8 counts the larger ones well enough by itself. @units bytes */
const SMALLEST = 16 * 1024
const LARGEST = 1024 * 1024

/** How much of such buffers may be filled before V8 is to have looked at its young generation. @units bytes */
const ENOUGH = 8 * 1024 * 1024

/** After so much, it is looked how large the young generation is by now. @units bytes */
const LOOK_EVERY = 4 * 1024 * 1024

/** The largest object that still is young. @units bytes */
const LARGEST_YOUNG = 64 * 1024

/** The buffer filled last: one that is filled again is no new one. It must not keep the realm of a guest that has ended. */
let last: WeakRef<ArrayBufferLike> | undefined
let filled = 0
/** How many bytes of garbage there must be for each of a buffer. */
let share = 0
/** By how much one is to be shifted for a number that takes so much. @units bytes, bits */
let garbage = { bytes: 0, bits: 0n }

/**
 * Has V8 look at its young generation in time, where a program reads into one new buffer after the other. V8 looks when the young generation is
 * full of objects, and a buffer is a small object, whatever memory it has: with a young generation of 4 MB, a stream over a file in memory has
 * read 60 MB before it looks, marks the whole heap then, and reads on meanwhile. Garbage in proportion to the buffers makes it look at the
 * young generation alone, in which they are: that takes a fraction of a millisecond, and the heap needs not be marked at all.
 *
 * @param buffer - has been filled
 * @example
 * ```ts
 * import { tellOfFilled } from '@libvisor/core'
 *
 * const piece = Buffer.allocUnsafeSlow(64 * 1024).fill('x')
 * tellOfFilled(piece.buffer)
 * ```
 * @source observed with `--trace-gc-nvp` on Node 24.21
 */
export function tellOfFilled(buffer: ArrayBufferLike): void {
  const { byteLength } = buffer
  if (byteLength < SMALLEST || byteLength > LARGEST || last?.deref() === buffer) return
  last = new WeakRef(buffer)
  filled += byteLength
  if (filled >= LOOK_EVERY) {
    filled = 0
    share = youngBytes() / ENOUGH
  }
  const bytes = Math.min(LARGEST_YOUNG, Math.floor(byteLength * share))
  if (bytes === 0) return
  if (bytes !== garbage.bytes) garbage = { bytes, bits: BigInt(bytes * 8) }
  // A number refers to nothing, so that no marking that goes on takes it for alive; and what nobody looked at would not be made.
  original('util').types.isProxy(1n << garbage.bits)
}

/** How large the half of the young generation is that is in use. @units bytes */
function youngBytes(): number {
  const spaces = original('v8').getHeapSpaceStatistics()
  return (spaces.find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0) / 2
}
