import type { EtcOptions } from './mount-spec.ts'

/** Where Docker's resolver is, and where a guest's is. */
const NAME_SERVER = '127.0.0.11'

/** The files that {@link etcFiles} makes. */
export type EtcFiles = Readonly<Record<'group' | 'hostname' | 'hosts' | 'passwd' | 'resolv.conf', string>>

/**
 * What programs read of `/etc`, consistent with what `os` and `dns` tell.
 *
 * @param options - who the guest is
 * @returns texts by name
 * @example
 * ```ts
 * import { etcFiles } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * const files = etcFiles({ hostname: 'api', hosts: { db: '10.0.0.2' } })
 * assert.equal(files.hostname, 'api\n')
 * assert.match(files.hosts, /^10\.0\.0\.2\tdb$/m)
 * ```
 */
export function etcFiles(options: EtcOptions): EtcFiles {
  const { hostname, address = '127.0.1.1', hosts = {}, nameservers = [NAME_SERVER], user } = options
  const lines = (...text: readonly string[]): string => `${text.join('\n')}\n`
  const others = user === undefined || user.uid === 0 ? [] : [user]
  return {
    hostname: lines(hostname),
    hosts: lines(
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      `${address}\t${hostname}`,
      ...Object.entries(hosts).map(([name, known]) => `${known}\t${name}`),
    ),
    'resolv.conf': lines(...nameservers.map((address) => `nameserver ${address}`)),
    passwd: lines(
      'root:x:0:0:root:/root:/bin/sh',
      ...others.map(({ name, uid, gid, home }) => `${name}:x:${uid}:${gid}::${home}:/bin/sh`),
    ),
    group: lines('root:x:0:', ...others.map(({ name, gid }) => `${name}:x:${gid}:`)),
  }
}
