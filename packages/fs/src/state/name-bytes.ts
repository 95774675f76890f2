/** Names as strings and as bytes: bytes that are not UTF-8 stand as lone surrogates U+DC80–U+DCFF. */

const ESCAPED = /[\udc80-\udcff]/
/** What decoding leaves of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd'

/** Whether decoding may have lost bytes, so that the bytes themselves must be asked for. */
export function maybeLossy(name: string): boolean {
  return name.includes(REPLACEMENT)
}

const BEYOND_ASCII = /[^\0-\x7f]/

/** Compares names as the system sorts them: byte by byte. */
export function compareNames(a: string, b: string): number {
  if (!BEYOND_ASCII.test(a) || !BEYOND_ASCII.test(b)) return a < b ? -1 : a > b ? 1 : 0
  return Buffer.compare(Buffer.from(encodeName(a) as string), Buffer.from(encodeName(b) as string))
}

/** The first length of which V8 makes no copy when it is cut off a longer string. @source V8 `src/objects/string.h`, SlicedString::kMinLength */
const SLICED = 13

/**
 * The same name in memory of its own, for who keeps it: as a part of a path it keeps the whole path, or the list that the path was in.
 *
 * @param name - a name or a path
 */
export function detached(name: string): string {
  return name.length < SLICED ? name : [name.slice(0, 1), name.slice(1)].join('')
}

/**
 * The bytes of a name.
 *
 * @param name - a name or a path, escaped
 * @returns the string itself when it can be passed to Node as it is, or else its bytes
 * @example
 * ```ts
 * import { encodeName } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(encodeName('caf\u00e9'), 'caf\u00e9')
 * assert.deepEqual(encodeName('caf\udce9'), Buffer.from([0x63, 0x61, 0x66, 0xe9]))
 * ```
 */
export function encodeName(name: string): Buffer | string {
  if (!ESCAPED.test(name)) return name
  const parts: Buffer[] = []
  let start = 0
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code >= 0xd800 && code < 0xdc00 && (name.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++
    else if (code >= 0xdc80 && code <= 0xdcff) {
      if (i > start) parts.push(Buffer.from(name.slice(start, i), 'utf8'))
      parts.push(Buffer.of(code - 0xdc00))
      start = i + 1
    }
  }
  if (start < name.length) parts.push(Buffer.from(name.slice(start), 'utf8'))
  return Buffer.concat(parts)
}

/**
 * The name that bytes are.
 *
 * @param bytes - a name or a path as the system has it
 * @returns the string, with bytes that are not UTF-8 escaped
 * @example
 * ```ts
 * import { decodeName } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(decodeName(Buffer.from('caf\u00e9')), 'caf\u00e9')
 * assert.equal(decodeName(Buffer.from([0x63, 0x61, 0x66, 0xe9])), 'caf\udce9')
 * ```
 */
export function decodeName(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (!maybeLossy(text)) return text
  let result = ''
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i)
    if (length === 0) {
      result += String.fromCharCode(0xdc00 + (bytes[i] ?? 0))
      i++
    } else {
      result += Buffer.from(bytes.subarray(i, i + length)).toString('utf8')
      i += length
    }
  }
  return result
}

/** The length of the well-formed UTF-8 sequence that starts at `i`, or 0. @source Unicode 16, table 3-7 */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes.subarray(i, i + 4)
  const tail = (byte: number): boolean => byte >= 0x80 && byte <= 0xbf
  if (first < 0x80) return 1
  if (first >= 0xc2 && first <= 0xdf) return tail(second) ? 2 : 0
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80
    const high = first === 0xed ? 0x9f : 0xbf
    return second >= low && second <= high && tail(third) ? 3 : 0
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80
    const high = first === 0xf4 ? 0x8f : 0xbf
    return second >= low && second <= high && tail(third) && tail(fourth) ? 4 : 0
  }
  return 0
}
