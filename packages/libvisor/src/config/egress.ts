import { VisorError } from '@libvisor/core'

/** A destination that may be reached. */
interface EgressRule {
  matches(host: string, port: number): boolean
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

/** An IPv4 address as a number, or `undefined` for anything else. */
function ipv4Number(host: string): number | undefined {
  const match = IPV4.exec(host)
  if (match === null) return undefined
  const bytes = match.slice(1).map(Number)
  if (bytes.some((byte) => byte > 255)) return undefined
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** The test that a rule's host part stands for: an address range, a suffix, or a name. */
function hostTest(rule: string, host: string): (candidate: string) => boolean {
  if (host === '*') return () => true
  if (host.startsWith('*.')) {
    const suffix = host.slice(1).toLowerCase()
    return (candidate) => candidate.toLowerCase().endsWith(suffix)
  }
  const [network = '', bits] = host.split('/')
  if (bits === undefined) {
    const exact = host.toLowerCase()
    return (candidate) => candidate.toLowerCase() === exact
  }
  const base = ipv4Number(network)
  const length = Number(bits)
  if (base === undefined || !/^\d+$/.test(bits) || length > 32) {
    throw new VisorError('VISOR_CONFIG_INVALID', `The egress rule '${rule}' has no valid IPv4 range`, {
      hint: 'Write a range as 10.0.0.0/8.',
    })
  }
  const size = 2 ** (32 - length)
  const first = Math.floor(base / size)
  return (candidate) => {
    const address = ipv4Number(candidate)
    return address !== undefined && Math.floor(address / size) === first
  }
}

function parseRule(rule: string): EgressRule {
  const match = /^(\[[^\]]+\]|[^:]+|[^[]*:[^[]*:.*?)(?::(\d+|\*))?$/.exec(rule)
  const port = match?.[2] === undefined || match[2] === '*' ? undefined : Number(match[2])
  if (match?.[1] === undefined || (port !== undefined && (port < 1 || port > 65535))) {
    throw new VisorError('VISOR_CONFIG_INVALID', `The egress rule '${rule}' is not a destination`, {
      hint: 'Write it as host, host:port, *.suffix:port or 10.0.0.0/8:port.',
    })
  }
  const matchesHost = hostTest(rule, match[1].replace(/^\[|\]$/g, ''))
  // A name is looked up before a port is known: port 0 asks whether there is any.
  return { matches: (host, asked) => (port === undefined || asked === 0 || port === asked) && matchesHost(host) }
}

/**
 * Makes the test of which destinations outside the guests' network may be reached.
 *
 * @param rules - `true` for all, `false` for none, or a list of `host`, `host:port`, `*.suffix:port`, `10.0.0.0/8:port`
 * @returns the test: the name that was asked for (or the address where none was) and the port
 * @throws {VisorError} VISOR_CONFIG_INVALID when a rule cannot be read
 */
export function createEgress(rules: boolean | readonly string[]): (host: string, port: number) => boolean {
  if (typeof rules === 'boolean') return () => rules
  const parsed = rules.map(parseRule)
  return (host, port) => parsed.some((rule) => rule.matches(host, port))
}
