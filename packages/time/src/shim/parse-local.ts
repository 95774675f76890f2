import type { Zone } from '../state/zone.ts'

/** `2022-02-01`, `2022-02`, `2022`: in ISO form a date alone is UTC. */
const ISO_DATE = /^(?:\d{4}|[+-]\d{6})(?:-\d\d(?:-\d\d)?)?$/

/** A date and time in ISO form, and what says the zone. */
const ISO_TIME = /^(?:\d{4}|[+-]\d{6})(?:-\d\d(?:-\d\d)?)?T\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d:\d\d)?$/

/** What says the zone in the forms that engines accept besides. */
const NAMED_ZONE = /(?:^|[^a-z])(?:UTC?|GMT|Z|[ECMP][SD]T)(?![a-z])/i
const NUMBERED_ZONE = /\d:\d\d(?::\d\d(?:[.:]\d+)?)?\s*(?:[AP]M)?\s*[+-]\s*\d/i

/**
 * Whether a text that the engine can parse says by itself which moment it means.
 *
 * @param text - a date
 * @returns `false` when it is a local time
 */
function saysItsZone(text: string): boolean {
  if (ISO_DATE.test(text)) return true
  const iso = ISO_TIME.exec(text)
  if (iso !== null) return iso[1] !== undefined
  // In parentheses are comments.
  const bare = text.replace(/\([^)]*\)?/g, ' ')
  return NAMED_ZONE.test(bare) || NUMBERED_ZONE.test(bare)
}

/**
 * Parses a date as the engine does in a time zone.
 *
 * @param parse - `Date.parse`, as it was
 * @param text - what to parse
 * @param zone - the zone of local times
 * @returns milliseconds since the epoch, or NaN
 */
export function parseInZone(parse: (text: string) => number, text: string, zone: Zone): number {
  const trimmed = text.trim()
  const theirs = parse(text)
  if (Number.isNaN(theirs) || saysItsZone(trimmed)) return theirs
  // The same fields as UTC. In ISO form the zone is a letter at the end; a comment may be open in the others.
  const local = ISO_TIME.test(trimmed) ? parse(`${trimmed}Z`) : parse(`${trimmed.replace(/\([^)]*\)?/g, ' ')} UTC`)
  return Number.isNaN(local) ? theirs : zone.utcOf(local)
}
