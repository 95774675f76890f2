import { apply } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { WhoAsks } from './asking.ts'

type Fn = (...args: unknown[]) => unknown

/** What `_storeHeader` works on. */
interface OutgoingMessage {
  _header: string | null
  sendDate: boolean
  hasHeader(name: string): boolean
}

const DATE_LINE = /^Date: [^\r]*$/m

const namesDate = (headers: unknown): boolean => {
  if (Array.isArray(headers)) {
    return headers.some((entry) => String(Array.isArray(entry) ? entry[0] : entry).toLowerCase() === 'date')
  }
  return (
    typeof headers === 'object' &&
    headers !== null &&
    Object.keys(headers).some((name) => name.toLowerCase() === 'date')
  )
}

/**
 * Makes `OutgoingMessage.prototype._storeHeader`, which writes the `Date` header: Node reads a clock of its own for it,
 * once a second.
 *
 * @param original - the method as it was
 * @param OriginalDate - the constructor of dates, as it was
 * @param who - answers who asks
 * @returns the method
 */
export function createStoreHeader(original: Fn, OriginalDate: DateConstructor, who: WhoAsks): Fn {
  return mimic(original, function (this: OutgoingMessage, firstLine: unknown, headers: unknown) {
    const now = who()?.now
    if (now === undefined) return apply(original, this, [firstLine, headers])
    const theirs = !this.sendDate || this.hasHeader('date') || namesDate(headers)
    const result = apply(original, this, [firstLine, headers])
    if (!theirs && this._header !== null) {
      this._header = this._header.replace(DATE_LINE, `Date: ${new OriginalDate(now()).toUTCString()}`)
    }
    return result
  })
}
