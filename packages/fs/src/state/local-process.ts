import type { Identity, Stdio } from '@libvisor/core'
import { linuxFsConstants } from '@libvisor/abi'
import type { AsyncSyscalls, DirectCalls, FileSystemProcess, ResolveIntent, Syscalls, WatchEvent } from '../types.ts'
import { createAttributeCalls } from './attribute-calls.ts'
import { CallContext } from './call-context.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { AlikeAnswers } from './derivations.ts'
import { createResolve } from './delegation.ts'
import type { Resolve } from './delegation.ts'
import { Description, DescriptorTable } from './descriptors.ts'
import { createDirectCalls } from './direct-calls.ts'
import { createFileCalls } from './file-calls.ts'
import type { HostFs } from './host-fs.ts'
import { adoptHostFile, onHost } from './host-directory.ts'
import { KnownPlaces } from './known-places.ts'
import type { MountTable } from './mounts.ts'
import { encodeName } from './name-bytes.ts'
import { createNameCalls } from './name-calls.ts'
import type { ProcProcess } from './proc-facts.ts'
import { Trace, trace, traced } from './trace.ts'
import { Place } from './walk.ts'

/** What a process of the local implementation depends on. */
export interface LocalProcessOptions {
  readonly identity: Identity
  readonly stdio: Stdio
  readonly mounts: MountTable
  readonly host: HostFs
  readonly feed: ChangeFeed
  /** Runs a task in a later turn of the event loop. */
  readonly later: (task: () => void) => void
  /** As `RLIMIT_NOFILE`. */
  readonly maxOpenFiles: number
  /** Called when it is disposed of. */
  readonly onDispose: (process: LocalProcess) => void
}

/** A process of the guest in the thread that has the model. */
export class LocalProcess implements FileSystemProcess {
  readonly local = true
  readonly sync: Syscalls
  readonly async: AsyncSyscalls
  readonly direct: DirectCalls
  readonly isSame: (path: unknown) => boolean
  readonly isSameToWrite: (path: unknown) => boolean
  readonly recall: Resolve
  readonly resolve: Resolve
  /** What `/proc` shows of it. */
  readonly proc: ProcProcess
  readonly #context: CallContext
  readonly #places: KnownPlaces
  readonly #descriptors: DescriptorTable
  readonly #mounts: MountTable
  readonly #host: HostFs
  readonly #likeness: string | undefined
  /** What has been answered to all with the same files, as long as this is a process of root. */
  #alike: AlikeAnswers | undefined
  readonly #showsHost: (paths: readonly string[]) => boolean
  readonly #onDispose: (process: LocalProcess) => void
  readonly #watchers = new Set<Disposable>()

  constructor(options: LocalProcessOptions) {
    const { mounts, host, feed, identity } = options
    this.#descriptors = new DescriptorTable(options.stdio, host, options.maxOpenFiles)
    this.proc = { identity, descriptors: this.#descriptors }
    const point = mounts.rootFor(this.proc)
    const root = new Place(undefined, '', point.driver === undefined ? point.stand : point.driver.root, point)
    this.#mounts = mounts
    this.#host = host
    this.#likeness = mounts.likeness
    this.#alike = this.#likeness === undefined ? undefined : host.derivations.alike(this.#likeness)
    this.#showsHost = (paths) => mounts.showsHost(paths)
    this.#onDispose = options.onDispose
    this.#context = new CallContext(root, identity, host, mounts, feed)
    this.#places = new KnownPlaces(this.#context, mounts, host)
    const { isSame, isSameToWrite, recall, resolve } = createResolve({ context: this.#context, mounts, host })
    this.isSame = isSame
    this.isSameToWrite = isSameToWrite
    this.recall = recall
    this.resolve = resolve
    this.direct = createDirectCalls(this.#context, this.#descriptors)
    this.sync = Object.freeze({
      ...createNameCalls(this.#context),
      ...createAttributeCalls(this.#context),
      ...createFileCalls(this.#context, this.#descriptors),
    })
    this.async = createAsyncSyscalls(this.sync, options.later)
  }

  hostFd(fd: number, intent: ResolveIntent = 'read'): number | undefined {
    const { file, writable } = this.#descriptors.get(fd)
    if (file.detached) return undefined
    if (intent !== 'read') {
      // The host's kernel would ask what the host's user may do.
      if (this.#context.identity.uid !== this.#host.uid) return undefined
      if (!writable && file.node?.hostWritable !== true) return undefined
    }
    return file.hostFd
  }

  adopt(hostFd: number, path: string): number {
    this.#descriptors.reserve()
    return this.#descriptors.add(new Description(adoptHostFile(this.#host, hostFd), linuxFsConstants.O_RDWR, { path }))
  }

  watch(path: string, recursive: boolean, listener: (event: WatchEvent) => void): Disposable | undefined {
    const place = this.#context.find(path, true)
    const { hostPath, lowerHostPath } = place.node
    if (hostPath !== undefined && lowerHostPath === undefined && this.resolve(path, 'read', true) !== undefined) {
      return undefined
    }
    const watchers = [this.#context.feed.watch(place.path, recursive, listener)]
    if (lowerHostPath !== undefined) {
      const tell = (event: WatchEvent): void => {
        if (this.#showsThrough(place, event.name, lowerHostPath)) listener(event)
      }
      watchers.push(onHost(() => this.#host.watch(encodeName(lowerHostPath), recursive, tell)))
    }
    const owned: Disposable = {
      [Symbol.dispose]: () => {
        this.#watchers.delete(owned)
        for (const watcher of watchers) watcher[Symbol.dispose]()
      },
    }
    this.#watchers.add(owned)
    return owned
  }

  /** Whether what happens to a name on the host can be seen: nothing of the upper layer hides it. */
  #showsThrough(watched: Place, name: string, lowerHostPath: string): boolean {
    if (!watched.isDirectory()) return watched.node.hostPath !== undefined
    try {
      const walk = this.#context.walk()
      const found = walk.last(walk.parent(name, watched), false)
      if (found instanceof Place) return found.node.hostPath !== undefined
    } catch {
      // Gone with its directory, or hidden with it: what follows tells.
    }
    return this.#host.lstat(encodeName(`${lowerHostPath}/${name}`)) === undefined
  }

  differsFromHost(): boolean {
    return this.#mounts.differsFromHost
  }

  typeOf(path: string): number | undefined {
    return this.#places.find(path)?.node.type
  }

  hostText(path: string): string | undefined {
    const hostPath = this.derive('host path', path, () => this.resolve(path, 'read', true)?.path)
    if (hostPath === undefined) return undefined
    trace?.hasRead(hostPath)
    return this.#host.texts.read(this.#host, hostPath)
  }

  derive<Answer>(about: string, of: string, make: (spoil: () => void) => Answer): Answer {
    if (this.#alike === undefined) return make(() => {})
    const { derivations } = this.#host
    const { uid, gid, groups } = this.#context.identity
    const alike = uid === 0 ? this.#alike : derivations.alike(`${this.#likeness} ${uid}:${gid}:${groups.join()}`)
    // What is asked for in the making of another answer is part of its evidence.
    const known = trace === undefined ? derivations.recall(this.#host, alike, about, of, this.#showsHost) : undefined
    if (known !== undefined) return known.answer as Answer
    const made = new Trace()
    const answer = traced(made, () => make(() => made.spoil()))
    const evidence = made.evidence(uid === 0)
    if (evidence !== undefined) derivations.keep(this.#host, alike, about, of, answer, evidence)
    return answer
  }

  expire(): void {
    this.#host.names.forget()
    this.#host.witnesses.expire()
    this.#context.feed.version++
    this.#mounts.expire()
  }

  [Symbol.dispose](): void {
    for (const watcher of [...this.#watchers]) watcher[Symbol.dispose]()
    // Of files that are gone nobody is told anything.
    this.#alike = undefined
    this.#places.forget()
    this.#context.directories.clear()
    this.#descriptors[Symbol.dispose]()
    this.#onDispose(this)
  }
}

type AnyCall = (...args: readonly unknown[]) => unknown

/** Makes the asynchronous flavours of system calls that are done at once and settle later. */
function createAsyncSyscalls(sync: Syscalls, later: (task: () => void) => void): AsyncSyscalls {
  const calls: Record<string, AnyCall> = {}
  for (const [name, call] of Object.entries(sync) as [string, AnyCall][]) {
    calls[name] = (...args) =>
      new Promise((resolve, reject) => {
        try {
          const result = call(...args)
          later(() => resolve(result))
        } catch (error) {
          later(() => reject(error as Error))
        }
      })
  }
  return Object.freeze(calls) as unknown as AsyncSyscalls
}
