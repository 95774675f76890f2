import { original } from '@libvisor/abi'

/** Buffers of this size are counted: smaller ones are few bytes, and V8 counts the larger ones well enough by itself. @units bytes */
const SMALLEST = 16 * 1024
const LARGEST = 1024 * 1024

/** How much of such buffers may be filled before V8 is to look. What is in use with it should still be in the processor's cache. @units bytes */
const ENOUGH = 3 * 1024 * 1024

/** Once malloc has freed a piece of this size that had been mapped by itself, it keeps twice as much of what is freed. @units bytes */
const KEPT_BY_MALLOC = 4 * 1024 * 1024

/**
 * What V8 does in other threads. Waking them takes longer than what they do, and as long as they have not freed the buffers, the next ones take other
 * memory. Code in V8's caches does not depend on these flags.
 */
const IN_OTHER_THREADS = ['parallel-scavenge', 'concurrent-array-buffer-sweeping']

const YOUNG_ONLY = { type: 'minor' } as const

type Collect = (options: typeof YOUNG_ONLY) => void

let filled = 0
let collect: Collect | undefined
/** Those that have been filled. A reference to the last one would not do: weak ones, too, keep what they refer to until the thread's current job is done. */
const known = new WeakSet<ArrayBufferLike>()

/**
 * Has V8 look at its young generation in time, where a program reads into one new buffer after the other. V8 looks when the young generation is
 * full of objects, and a buffer is a small object, whatever memory it has: a stream over a file in memory has read 60 MB before it looks, marks
 * the whole heap then, and reads on meanwhile. To look at the young generation alone takes a tenth of a millisecond, and the next buffers get memory
 * that the processor still has in its cache.
 *
 * @param sizeBytes - of the buffer, into which nothing had been read before
 * @example
 * ```ts
 * import { tellOfNew } from '@libvisor/core'
 *
 * const piece = Buffer.allocUnsafeSlow(64 * 1024).fill('x')
 * tellOfNew(piece.length)
 * ```
 * @source observed with `--trace-gc-nvp` on Node 24.21
 */
export function tellOfNew(sizeBytes: number): void {
  if (sizeBytes < SMALLEST || sizeBytes > LARGEST) return
  filled += sizeBytes
  if (filled < ENOUGH) return
  filled = 0
  collectYoung()
}

/**
 * The same of a buffer that may have been filled before: a program that reads into one buffer again and again leaves nothing to collect.
 *
 * @param buffer - has been filled
 * @example
 * ```ts
 * import { tellOfFilled } from '@libvisor/core'
 *
 * const piece = Buffer.allocUnsafeSlow(64 * 1024)
 * tellOfFilled(piece.fill('x').buffer)
 * tellOfFilled(piece.fill('y').buffer)
 * ```
 */
export function tellOfFilled(buffer: ArrayBufferLike): void {
  const { byteLength } = buffer
  if (byteLength < SMALLEST || byteLength > LARGEST || known.has(buffer)) return
  known.add(buffer)
  tellOfNew(byteLength)
}

/**
 * Has V8 look at its young generation now. A look at the whole heap that V8 has begun and not finished is finished with it, if little is missing.
 *
 * @example
 * ```ts
 * import { collectYoung } from '@libvisor/core'
 *
 * collectYoung()
 * ```
 * @source observed with `--trace-gc` on Node 24.21
 */
export function collectYoung(): void {
  collect ??= ownCollection()
  const { setFlagsFromString } = original('v8')
  for (const flag of IN_OTHER_THREADS) setFlagsFromString(`--no-${flag}`)
  collect(YOUNG_ONLY)
  for (const flag of IN_OTHER_THREADS) setFlagsFromString(`--${flag}`)
}

/**
 * V8's own function, which it gives to a context only with a flag that nothing else is to see. To have it collect the whole heap is another matter: two
 * processes have died of that.
 */
function ownCollection(): Collect {
  // Or malloc would give the memory back to the kernel at each collection, and each page would have to be asked for and cleared anew.
  void new ArrayBuffer(KEPT_BY_MALLOC)
  const { setFlagsFromString } = original('v8')
  const { runInNewContext } = original('vm')
  const find = (): unknown => runInNewContext('globalThis.gc')
  const exposed = find()
  // A program that has set the flag itself counts on it.
  if (exposed !== undefined) return exposed as Collect
  setFlagsFromString('--expose-gc')
  const found = find() as Collect
  setFlagsFromString('--no-expose-gc')
  return found
}
