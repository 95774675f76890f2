import { etcFiles } from '@libvisor/fs'
import type { EtcFiles, MemoryFiles, MountSpec } from '@libvisor/fs'
import type { NamespaceSpec } from '../config/guest-spec.ts'

/** The files of `/etc` that libvisor puts there. */
export interface OwnEtc {
  readonly mounts: Readonly<Record<string, MountSpec>>
  /** What `/etc/hosts` says until somebody writes to it; `undefined` where that is not known. */
  readonly hosts: string | undefined
}

/**
 * Puts the files of `/etc` that tell of the guest into its root: those that the options left to libvisor. In memory they are files like any
 * other, as they are in an image: they are in snapshots, and whoever may can replace them. Over the host's root they are in place of the
 * host's, in the lower layer.
 *
 * @param spec - what the guest is to see
 * @param address - its address on the guests' network, empty where it has none
 */
export function withOwnEtc(spec: NamespaceSpec, address: string): OwnEtc {
  const { mounts, hostname, hosts, etc } = spec
  const root = mounts['/']
  if (etc.names.length === 0 || root === undefined) return { mounts, hosts: undefined }
  const texts = etcFiles({ hostname, hosts, user: etc.user, address: address === '' ? '127.0.0.1' : address })
  const files = Object.fromEntries(etc.names.map((name) => [`etc/${name}`, texts[name]]))
  return {
    mounts: { ...mounts, '/': withFiles(root, files) },
    hosts: etc.names.includes('hosts' satisfies keyof EtcFiles) ? texts.hosts : undefined,
  }
}

function withFiles(root: MountSpec, files: MemoryFiles): MountSpec {
  if (root.kind === 'memory') return { ...root, files: { ...files, ...root.files } }
  if (root.kind === 'overlay') {
    const last = root.lower.length - 1
    return { ...root, lower: root.lower.map((lower, index) => (index === last ? withFiles(lower, files) : lower)) }
  }
  return root.kind === 'host' ? { ...root, instead: files } : root
}
