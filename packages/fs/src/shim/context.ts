import { slots } from '@libvisor/core'
import type { Identity, Namespace } from '@libvisor/core'
import { fileSystem } from '../slot.ts'
import type { FileSystemProcess } from '../types.ts'
import { hostCwd } from './natives.native.ts'
import { guestPath } from './paths.ts'
import type { GuestPath } from './paths.ts'

/** The functions that streams call: looked up when they are called, so that a guest may replace them. */
export type LiveExports = Readonly<Record<string, (...args: never[]) => unknown>>

/** What every operation of one namespace shares. */
export class FsContext {
  readonly ns: Namespace
  /** The exports that the guest holds: the namespace's own, or the realm's patched ones. */
  live: LiveExports | undefined
  /** See {@link FileSystemProcess.isSame}. A function of its own, because it is asked at every call. */
  isSame: FileSystemProcess['isSame'] = () => false
  isSameToWrite: FileSystemProcess['isSameToWrite'] = () => false
  readonly cwd = (): string => this.identity.cwd
  #process: FileSystemProcess | undefined
  #identity: Identity | undefined

  constructor(ns: Namespace) {
    this.ns = ns
  }

  get process(): FileSystemProcess {
    return this.#process ?? this.#found()
  }

  #found(): FileSystemProcess {
    const process = this.ns.get(fileSystem)
    this.#process = process
    this.isSame = process.isSame
    this.isSameToWrite = process.isSameToWrite
    return process
  }

  get identity(): Identity {
    return (this.#identity ??= this.ns.get(slots.identity))
  }

  /** Whether a relative path means the same to the host. */
  get cwdIsHost(): boolean {
    return this.identity.cwd === hostCwd()
  }

  /** Makes a guest's path absolute. */
  path(path: unknown): GuestPath {
    return guestPath(path, this.cwd)
  }
}
