/** The functions of `dns`, and the methods of its resolvers, that ask name servers. */
export const RESOLVE_METHODS: readonly string[] = Object.freeze([
  'resolve',
  'resolve4',
  'resolve6',
  'resolveAny',
  'resolveCaa',
  'resolveCname',
  'resolveMx',
  'resolveNaptr',
  'resolveNs',
  'resolvePtr',
  'resolveSoa',
  'resolveSrv',
  'resolveTlsa',
  'resolveTxt',
  'reverse',
])

/** What is asked of a name server. */
export interface Question {
  /** A name, or with `REVERSE` an address. */
  readonly name: string
  /** The type of the records, or `REVERSE` for the names of an address. */
  readonly type: string
  /** Whether addresses come with how long they hold. */
  readonly ttl: boolean
  /** What an error names. */
  readonly syscall: string
}

const types = new Set('A AAAA ANY CAA CNAME MX NAPTR NS PTR SOA SRV TLSA TXT'.split(' '))

/**
 * Reads the arguments of one of {@link RESOLVE_METHODS}.
 *
 * @param method - its name
 * @param args - its arguments, without a callback
 * @returns `undefined` where Node refuses them
 */
export function readQuestion(method: string, args: readonly unknown[]): Question | undefined {
  const [name, option] = args
  if (typeof name !== 'string') return undefined
  if (method === 'reverse') return { name, type: 'REVERSE', ttl: false, syscall: 'getHostByAddr' }
  const type = method === 'resolve' ? (args.length === 1 ? 'A' : option) : typeOfMethod(method)
  if (typeof type !== 'string' || !types.has(type)) return undefined
  const ttl = method !== 'resolve' && (option as { readonly ttl?: unknown } | null | undefined)?.ttl
  return { name, type, ttl: Boolean(ttl), syscall: `query${type[0]}${type.slice(1).toLowerCase()}` }
}

/** The address behind a name of `in-addr.arpa` or `ip6.arpa`, `undefined` for any other. @source RFC 1035, section 3.5; RFC 3596, section 2.5 */
export function pointedAddress(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/\.$/, '')
  const four = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(lower)?.[1]
  if (four !== undefined) return four.slice(0, -1).split('.').reverse().join('.')
  const six = /^((?:[\da-f]\.){32})ip6\.arpa$/.exec(lower)?.[1]
  if (six === undefined) return undefined
  const digits = six.replaceAll('.', '').split('').reverse().join('')
  return digits.match(/.{4}/g)!.join(':')
}

function typeOfMethod(method: string): string {
  if (method === 'resolve4') return 'A'
  return method === 'resolve6' ? 'AAAA' : method.slice('resolve'.length).toUpperCase()
}
