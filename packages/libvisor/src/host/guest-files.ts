import type * as fsPromises from 'node:fs/promises'
import { createNamespace, slots } from '@libvisor/core'
import type { Connection as FileSystemConnection } from '@libvisor/fs'
import { connectFileSystem, createFsInterceptor, fileSystem } from '@libvisor/fs'
import { createIdentity } from '@libvisor/process'
import { createClock } from '@libvisor/time'
import type { NamespaceSpec } from '../config/guest-spec.ts'
import { createSilentStdio } from '../thread/thread-stdio.ts'

/** A guest's files, as the host works on them. */
export interface GuestFiles extends Disposable {
  readonly promises: typeof fsPromises
}

/**
 * Opens the files of a guest that runs in another thread: the same `fs/promises` that the guest has, over a remote file
 * system.
 *
 * @param spec - the guest's namespace, for its ids and its working directory
 * @param connection - leads to the thread that has the files
 * @returns the files; disposing of them closes what the host has open
 */
export function openGuestFiles(spec: NamespaceSpec, connection: FileSystemConnection): GuestFiles {
  const ns = createNamespace({ name: `the host in ${spec.name}` })
  const identity = createIdentity({ uid: 0, gid: 0, umask: spec.umask, cwd: spec.cwd, hostname: spec.hostname, pid: 0 })
  ns.provide(slots.identity, identity)
  ns.provide(slots.stdio, createSilentStdio())
  ns.provide(slots.clock, createClock(spec.time))
  const files = connectFileSystem({ ...connection, identity })
  ns.provide(fileSystem, files)
  ns.own(files)
  const bound = createFsInterceptor().bind(ns)
  return {
    promises: bound.modules['fs/promises']?.() as typeof fsPromises,
    [Symbol.dispose]() {
      bound[Symbol.dispose]()
      ns[Symbol.dispose]()
    },
  }
}
