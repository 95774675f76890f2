/** A time zone, as local times need it. All times are in milliseconds since the epoch. */
export interface Zone {
  readonly name: string
  /** Local time minus UTC at a moment. @units milliseconds */
  offsetAt(utcMs: number): number
  /**
   * The moment at which clocks of the zone show a local time, given as if it were UTC. Of two such moments, the earlier
   * one; of none, the moment that the offset before the gap gives.
   *
   * @source ECMA-262, UTC(t)
   */
  utcOf(localMs: number): number
  /** What the zone is called at a moment, such as `Central European Summer Time`. */
  nameAt(utcMs: number): string
}

/** Tells about a zone, one moment at a time, slowly. */
export interface ZoneSource {
  /** Local time minus UTC. @units milliseconds */
  offsetAt(utcMs: number): number
  nameAt(utcMs: number): string
}

/** No zone has changed its offset twice within this time since there are records of whole minutes. @units milliseconds */
const SPAN_MS = 7 * 86_400_000

/** How many spans are remembered: some twenty years. */
const MAX_SPANS = 1024

/** What is known of a span: its offset, and when and to what it changes. */
interface Span {
  readonly before: number
  readonly changesAt: number
  readonly after: number
}

/**
 * Makes a zone that remembers what a slow source told it.
 *
 * @param name - IANA name
 * @param source - what tells the offset at a moment
 * @returns the zone
 */
export function createZone(name: string, source: ZoneSource): Zone {
  const spans = new Map<number, Span>()

  const makeSpan = (index: number): Span => {
    let low = index * SPAN_MS
    let high = low + SPAN_MS
    const before = source.offsetAt(low)
    const after = source.offsetAt(high)
    if (before === after) return { before, changesAt: Infinity, after }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (source.offsetAt(middle) === before) low = middle
      else high = middle
    }
    return { before, changesAt: high, after }
  }

  const offsetAt = (utcMs: number): number => {
    const index = Math.floor(utcMs / SPAN_MS)
    let span = spans.get(index)
    if (span === undefined) {
      if (spans.size >= MAX_SPANS) spans.clear()
      spans.set(index, (span = makeSpan(index)))
    }
    return utcMs < span.changesAt ? span.before : span.after
  }

  return Object.freeze({
    name,
    offsetAt,
    nameAt: source.nameAt,
    utcOf(localMs: number): number {
      // Whatever the offset is, it was one of these a day earlier or later.
      const early = offsetAt(localMs - 86_400_000)
      const late = offsetAt(localMs + 86_400_000)
      // With the larger offset the moment is earlier: it is tried first.
      const [larger, smaller] = early > late ? [early, late] : [late, early]
      if (offsetAt(localMs - larger) === larger) return localMs - larger
      if (offsetAt(localMs - smaller) === smaller) return localMs - smaller
      return localMs - early
    },
  })
}
