/** How what tar's header has no place for is written into PAX records. */
import { decodeName, encodeName } from './name-bytes.ts'

/**
 * A moment as PAX has it: seconds, with all nanoseconds.
 *
 * @param ns - since the epoch
 * @source POSIX.1-2024, pax, "pax Extended Header File Times"
 */
export function formatPaxTime(ns: bigint): string {
  const size = ns < 0n ? -ns : ns
  const fraction = `${size % 1_000_000_000n}`.padStart(9, '0').replace(/0+$/, '')
  return `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`
}

/**
 * Reads a moment.
 *
 * @param text - seconds, with any number of digits behind the point
 * @returns nanoseconds since the epoch, or `undefined` where it is no moment
 */
export function parsePaxTime(text: string | undefined): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text ?? '')
  if (match === null) return undefined
  const [, sign, seconds = '0', fraction = ''] = match
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return sign === '-' ? -ns : ns
}

/** What no header and no PAX keyword has a place for. */
export interface Notes {
  readonly birthtimeNs?: bigint
  /** A path whose bytes are not UTF-8, or could be taken for a lossy reading of some. */
  readonly path?: string
  readonly linkpath?: string
}

const MARK = 'libvisor'

/**
 * Writes notes as a comment, the one keyword that every reader leaves alone without complaint.
 *
 * @param notes - what to note
 */
export function formatNotes({ birthtimeNs, path, linkpath }: Notes): string {
  const parts = [MARK]
  if (birthtimeNs !== undefined) parts.push(`birthtime=${formatPaxTime(birthtimeNs)}`)
  if (path !== undefined) parts.push(`path=${escapeBytes(path)}`)
  if (linkpath !== undefined) parts.push(`linkpath=${escapeBytes(linkpath)}`)
  return parts.join(' ')
}

/**
 * Reads notes.
 *
 * @param comment - of any origin
 */
export function parseNotes(comment: string | undefined): Notes {
  const [mark, ...parts] = comment?.split(' ') ?? []
  if (mark !== MARK) return {}
  const values = new Map(parts.map((part) => part.split('=', 2) as [string, string]))
  const path = values.get('path')
  const linkpath = values.get('linkpath')
  const birthtimeNs = parsePaxTime(values.get('birthtime'))
  return {
    ...(birthtimeNs !== undefined && { birthtimeNs }),
    ...(path !== undefined && { path: unescapeBytes(path) }),
    ...(linkpath !== undefined && { linkpath: unescapeBytes(linkpath) }),
  }
}

/** Bytes as in URLs. */
function escapeBytes(name: string): string {
  let text = ''
  for (const byte of Buffer.from(encodeName(name))) {
    const character = String.fromCharCode(byte)
    text += /[\w./-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`
  }
  return text
}

function unescapeBytes(text: string): string {
  const bytes = text.replaceAll(/%([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
  return decodeName(Buffer.from(bytes, 'latin1'))
}
