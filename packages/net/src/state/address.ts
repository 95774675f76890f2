import ipaddr from 'ipaddr.js'

/** 4 or 6, as Node's look-ups call the families. */
export type Family = 4 | 6

/** One side of a connection. */
export interface Endpoint {
  /** In canonical form. */
  readonly address: string
  readonly port: number
}

/** An IP address in canonical form. */
export interface Address {
  readonly address: string
  readonly family: Family
}

/** The addresses of all interfaces: a listener there hears every address of its family. */
export const WILDCARD_V4 = '0.0.0.0'
/** The IPv6 wildcard, which hears IPv4 too unless `ipv6Only` is set. */
export const WILDCARD_V6 = '::'
/** Where a stack reaches itself. */
export const LOOPBACK_V4 = '127.0.0.1'
/** Where a stack reaches itself by IPv6. */
export const LOOPBACK_V6 = '::1'

/** What has other characters than addresses have, or neither a colon nor a dot. */
const isNoAddress = /[^\da-f:.]|^[^:.]*$/i

const MAPPED_PREFIX = '::ffff:'

/**
 * Parses an IP address.
 *
 * @param text - an address in any of its spellings, with a zone or without
 * @returns its canonical form, or `undefined` when it is none
 */
export function parseAddress(text: string): Address | undefined {
  const zone = text.indexOf('%')
  const bare = zone === -1 ? text : text.slice(0, zone)
  // The library finds out by an error that it throws, whose stack costs more than all else.
  if (isNoAddress.test(bare)) return undefined
  if (!bare.includes(':')) return ipaddr.IPv4.isValidFourPartDecimal(bare) ? { address: bare, family: 4 } : undefined
  if (bare === WILDCARD_V6 || bare === LOOPBACK_V6) return { address: bare, family: 6 }
  if (!ipaddr.IPv6.isValid(bare)) return undefined
  const parsed = ipaddr.IPv6.parse(bare)
  const address = parsed.isIPv4MappedAddress()
    ? MAPPED_PREFIX + parsed.toIPv4Address().toString()
    : parsed.toRFC5952String()
  return { address, family: 6 }
}

/**
 * The IPv4 address in an IPv4-mapped IPv6 one.
 *
 * @param address - a canonical address
 * @returns the IPv4 address, or the address itself when it is not mapped
 */
export function unmapped(address: Address): Address {
  if (!address.address.startsWith(MAPPED_PREFIX)) return address
  return { address: address.address.slice(MAPPED_PREFIX.length), family: 4 }
}

/**
 * An address as a socket of a family shows it: a dual-stack socket shows IPv4 peers as mapped addresses.
 *
 * @param address - a canonical address
 * @param family - the family of the socket
 * @returns the address in that family
 */
export function shownAs(address: string, family: Family): string {
  return family === 6 && !address.includes(':') ? MAPPED_PREFIX + address : address
}

/**
 * The name under which name servers know the names of an address.
 *
 * @param address - a canonical address
 * @source RFC 1035, section 3.5; RFC 3596, section 2.5
 */
export function pointerName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  const digits = ipaddr.IPv6.parse(address).parts.map((part) => part.toString(16).padStart(4, '0'))
  return `${[...digits.join('')].reverse().join('.')}.ip6.arpa`
}

/** Whether an address leads a stack to itself: 127/8 or `::1`. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === LOOPBACK_V6
}

/** The name by which guests reach the host. */
export const HOST_NAME = 'host.visor.internal'

/** The address behind that name: one that is nobody's on any network. @source RFC 7600, section 4.8 */
export const HOST_ADDRESS = '192.0.0.8'

/** Whether an address stands for all interfaces. */
export function isWildcard(address: string): boolean {
  return address === WILDCARD_V4 || address === WILDCARD_V6
}

/** Whether an address stands for a group: 224/4 or ff00::/8. */
export function isMulticast(address: string): boolean {
  if (address.includes(':')) return address.startsWith('ff')
  const first = Number.parseInt(address, 10)
  return first >= 224 && first < 240
}

/** A block of IPv4 addresses. */
export interface Network {
  /** Such as `10.88.0.0/16`. */
  readonly cidr: string
  /** Stands for all addresses of the block. */
  readonly broadcast: string
  contains(address: string): boolean
  /**
   * The address with a number.
   *
   * @throws {RangeError} when the block is smaller
   */
  at(index: number): string
}

/**
 * Reads a block of IPv4 addresses.
 *
 * @param cidr - such as `10.88.0.0/16`
 * @returns the block
 * @throws {TypeError} when the text is no such block
 */
export function parseNetwork(cidr: string): Network {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)) throw new TypeError(`'${cidr}' is not a block of IPv4 addresses`)
  const [base, bits] = ipaddr.IPv4.parseCIDR(cidr)
  const first = ipaddr.IPv4.networkAddressFromCIDR(cidr).toByteArray()
  const size = 2 ** (32 - bits)
  return Object.freeze({
    cidr,
    broadcast: ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString(),
    contains: (address: string) =>
      ipaddr.IPv4.isValidFourPartDecimal(address) && ipaddr.IPv4.parse(address).match(base, bits),
    at(index: number) {
      if (index < 0 || index >= size) throw new RangeError(`${cidr} has no address number ${index}`)
      const number = first.reduce((sum, byte) => sum * 256 + byte, 0) + index
      return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
    },
  })
}

/** An address without the spellings that IPv6 has for IPv4. */
export function plain(address: string): string {
  const parsed = parseAddress(address)
  return parsed === undefined ? address : unmapped(parsed).address
}

/** Linux takes a connection to the wildcard for one to loopback. */
export function reachable(address: string): string {
  if (!isWildcard(address)) return address
  return address.includes(':') ? LOOPBACK_V6 : LOOPBACK_V4
}
