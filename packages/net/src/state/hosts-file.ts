import { parseAddress } from './address.ts'

/** The addresses of each name, in the order of the file. Names are in lower case. */
export type HostsFile = ReadonlyMap<string, readonly string[]>

/**
 * Reads a hosts file. Lines that are none are passed over.
 *
 * @param text - of `/etc/hosts`
 * @source hosts(5)
 * @example
 * ```ts
 * import { parseHostsFile } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * const hosts = parseHostsFile('10.0.0.2 db db.internal # the database\nfd00::2 db\n')
 * assert.deepEqual(hosts.get('db'), ['10.0.0.2', 'fd00::2'])
 * assert.deepEqual(hosts.get('db.internal'), ['10.0.0.2'])
 * ```
 */
export function parseHostsFile(text: string): HostsFile {
  const found = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const comment = line.indexOf('#')
    const [first, ...names] = (comment === -1 ? line : line.slice(0, comment)).split(/[ \t\r]+/).filter(Boolean)
    const address = first === undefined ? undefined : parseAddress(first)?.address
    if (address === undefined) continue
    for (const name of names) {
      const addresses = found.get(name.toLowerCase())
      if (addresses === undefined) found.set(name.toLowerCase(), [address])
      else if (!addresses.includes(address)) addresses.push(address)
    }
  }
  return found
}
