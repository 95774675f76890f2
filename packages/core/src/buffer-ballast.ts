import { original } from '@libvisor/abi'

/** Buffers of this size are counted: smaller ones are few bytes, and V8 counts the larger ones well enough by itself. @units bytes */
const SMALLEST = 16 * 1024
const LARGEST = 1024 * 1024

/** How much of such buffers may be filled before V8 is to have looked at its young generation. @units bytes */
const ENOUGH = 4 * 1024 * 1024

/** After so much, it is looked how large the young generation is by now. @units bytes */
const LOOK_EVERY = 2 * 1024 * 1024

/** The longest array that still is young. @units elements */
const LONGEST = 8192
const ELEMENT_BYTES = 8

/** The buffer filled last: one that is filled again is no new one. It must not keep the realm of a guest that has ended. */
let last: WeakRef<ArrayBufferLike> | undefined
let filled = 0
/** How many bytes of garbage there must be for each of a buffer. */
let share = 0

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
  const length = Math.min(LONGEST, Math.floor((byteLength * share) / ELEMENT_BYTES))
  // Nobody keeps it, or it would live through the marking that goes on; and what nobody looks at would not be made.
  if (length > 0) original('util').types.isProxy(new Array<unknown>(length))
}

/** How large the half of the young generation is that is in use. @units bytes */
function youngBytes(): number {
  const spaces = original('v8').getHeapSpaceStatistics()
  return (spaces.find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0) / 2
}
