/** Guests in this thread, as tests use them: bound modules over mounts, without patching anything. */
import type fs from 'node:fs'
import { createNamespace, slots } from '@libvisor/core'
import type { Identity, Namespace } from '@libvisor/core'
import { createFileSystem, createFsInterceptor, createHostFs, fileSystem } from '@libvisor/fs'
import type { FileSystemProcess } from '@libvisor/fs'
import { countingEntropy, makeIdentity, makeStdio } from '../state/fixture.ts'
import type { Mounts } from '../state/fixture.ts'

/** A guest's modules, and what it takes to move in its files. */
export interface Guest extends Disposable {
  readonly fs: typeof fs
  readonly promises: typeof fs.promises
  /** What the guest's working directory is. */
  chdir(path: string): void
}

export const wallClock = {
  now: () => Date.now(),
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNs: () => process.hrtime.bigint(),
  zone: undefined,
}

/** Who a guest's process is: the host's user, so that both may do the same. */
export function identityAt(cwd: string): Identity {
  return makeIdentity({ cwd, umask: process.umask(), uid: process.getuid!(), gid: process.getgid!() })
}

/** A namespace over a process of a file system. */
export function bindGuest(identity: Identity, processOf: (ns: Namespace) => FileSystemProcess): Guest {
  const ns = createNamespace({ name: 'guest' })
  const files = processOf(ns)
  ns.provide(slots.identity, identity)
  ns.provide(slots.clock, wallClock)
  ns.provide(slots.entropy, countingEntropy())
  ns.provide(fileSystem, files)
  const { modules } = createFsInterceptor().bind(ns)
  return {
    fs: modules['fs']!() as typeof fs,
    promises: modules['fs/promises']!() as typeof fs.promises,
    chdir: (path) => void (identity.cwd = path),
    [Symbol.dispose]() {
      files[Symbol.dispose]()
      ns[Symbol.dispose]()
    },
  }
}

/** A guest whose files are in this thread. */
export function startGuest(mounts: Mounts, cwd: string, changes: Partial<Identity> = {}): Guest {
  const identity = { ...identityAt(cwd), ...changes }
  return bindGuest(identity, (ns) => {
    const later = (task: () => void): void => ns.scheduler.schedule('io', task)
    const host = createHostFs()
    const files = createFileSystem({ mounts, clock: wallClock, entropy: countingEntropy(), host, later })
    return files.process(identity, makeStdio())
  })
}
