import type { Namespace } from '@libvisor/core'
import { parseAddress } from '../state/address.ts'
import { netStack } from '../slot.ts'
import { pointedAddress } from './dns-question.ts'
import type { Question } from './dns-question.ts'

/** What the guests' network says to a question: the records, or why there are none. */
export type KnownRecords = { readonly records: unknown } | { readonly code: 'ENODATA' | 'ENOTFOUND' }

/** What the network knows may change at any time. @units seconds */
const TTL = 0

/**
 * Answers a question from what the guests' network knows: the hosts file and the names of the switch, which have
 * addresses and nothing else.
 *
 * @param ns - who asks
 * @param question - what it asks
 * @param done - called with `undefined` when the name or address is not known here, possibly before this returns
 */
export function findKnownRecords(
  ns: Namespace,
  question: Question,
  done: (known: KnownRecords | undefined) => void,
): void {
  const { name, type, ttl } = question
  const stack = ns.get(netStack)
  const address = type === 'REVERSE' ? name : pointedAddress(name)
  if (address !== undefined) {
    if (type !== 'REVERSE' && type !== 'PTR' && type !== 'ANY') return done(undefined)
    return stack.reverse(address, (host) => {
      if (host === undefined) return done(stack.covers(address) ? { code: 'ENOTFOUND' } : undefined)
      done({ records: type === 'ANY' ? [{ value: host, type: 'PTR' }] : [host] })
    })
  }
  stack.lookup(name, (addresses) => {
    if (addresses.length === 0) return done(undefined)
    const parsed = addresses.map((text) => parseAddress(text)!)
    if (type === 'ANY') {
      return done({
        records: parsed.map(({ address: found, family }) => ({
          address: found,
          ttl: TTL,
          type: family === 6 ? 'AAAA' : 'A',
        })),
      })
    }
    const family = type === 'A' ? 4 : type === 'AAAA' ? 6 : undefined
    const found = parsed.filter((entry) => entry.family === family).map((entry) => entry.address)
    if (found.length === 0) return done({ code: 'ENODATA' })
    done({ records: ttl ? found.map((entry) => ({ address: entry, ttl: TTL })) : found })
  })
}
