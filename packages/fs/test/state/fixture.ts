/** File systems to test, each reached in the same way. */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Channel, Clock, Entropy, Identity, Stdio } from '@libvisor/core'
import { connectFileSystem, createFileSystem, createHostFs, hostDir, memory, overlay } from '@libvisor/fs'
import type { FileSystem, FileSystemMemory, FileSystemProcess, HostFs, MountSpec, Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import type { TemporaryDirectory } from '@libvisor/testkit'
import { nativeSyscalls } from './native-syscalls.ts'
import type { ServeMessage } from './serving-worker.ts'

export type Mounts = Readonly<Record<string, MountSpec>>

/** A clock that moves with every reading, so that any two changes have different times. */
export function tickingClock(startMs = Date.UTC(2030, 0, 1)): Clock {
  let ns = BigInt(startMs) * 1_000_000n
  return {
    nowNs: () => (ns += 1_000_001n),
    now: () => Number(ns) / 1e6,
    monotonicNs: () => ns,
    zone: 'UTC',
  }
}

/** Random bytes that count. */
export function countingEntropy(): Entropy {
  let next = 0
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = next++ & 0xff
    },
    float: () => 0.5,
    seeded: true,
  }
}

/** A channel that gives what it is told to and keeps what is written. */
export function memoryChannel(input = ''): Channel & { readonly written: Uint8Array[] } {
  let rest = new TextEncoder().encode(input)
  const written: Uint8Array[] = []
  return {
    kind: 'pipe',
    hostFd: undefined,
    written,
    readSync(length) {
      const bytes = rest.slice(0, length)
      rest = rest.slice(length)
      return bytes
    },
    writeSync(bytes) {
      written.push(bytes.slice())
      return bytes.length
    },
  }
}

export function makeStdio(input = ''): Stdio {
  return [memoryChannel(input), memoryChannel(), memoryChannel()]
}

export function makeIdentity(changes: Partial<Identity> = {}): Identity {
  return { pid: 1, ppid: 0, uid: 0, gid: 0, groups: [], umask: 0o022, cwd: '/', hostname: 'guest', ...changes }
}

/** Makes a file system in this thread. */
export function makeFileSystem(mounts: Mounts, host: Partial<HostFs> = {}): FileSystem {
  return createFileSystem({
    mounts,
    clock: tickingClock(),
    entropy: countingEntropy(),
    host: { ...createHostFs(), ...host },
    later: setImmediate,
    owner: { uid: 0, gid: 0 },
  })
}

/** A process, and what must be taken down after it. */
export interface Fixture extends AsyncDisposable {
  readonly process: FileSystemProcess
  readonly sync: Syscalls
  readonly identity: Identity
}

/** A process over a model in this thread. */
export function startLocal(mounts: Mounts, identity = makeIdentity()): Fixture {
  const fileSystem = makeFileSystem(mounts)
  const process = fileSystem.process(identity, makeStdio('input'))
  return {
    process,
    sync: process.sync,
    identity,
    [Symbol.asyncDispose]: () => Promise.resolve(fileSystem[Symbol.dispose]()),
  }
}

let server: Worker | undefined

/** A process over a model in another thread, which serves all tests of a file. */
export async function startRemote(mounts: Mounts, identity = makeIdentity()): Promise<Fixture> {
  server ??= new Worker(new URL('serving-worker.ts', import.meta.url), { execArgv: [] })
  const { port1, port2 } = new MessageChannel()
  server.ref()
  const served = once(server, 'message')
  server.postMessage({ port: port1, mounts, identity: { ...identity } } satisfies ServeMessage, [port1])
  const [memory] = (await served) as [FileSystemMemory]
  server.unref()
  const process = connectFileSystem({ port: port2, memory, identity })
  return {
    process,
    sync: process.sync,
    identity,
    [Symbol.asyncDispose]: () => Promise.resolve(process[Symbol.dispose]()),
  }
}

/** How the model is reached. */
export const implementations = { local: startLocal, remote: startRemote } as const

/** What the bodies of RULES are run against: the kernel, and every driver that can be written to. */
export const subjects = {
  native: 'a real directory',
  memory: 'memory',
  overlay: 'an overlay of memory over a directory of the host',
  host: 'a directory of the host, writable',
  'remote memory': 'memory in another thread',
} as const

export type SubjectName = keyof typeof subjects

/** Starts a subject, empty. */
export async function startSubject(name: SubjectName): Promise<{ readonly sync: Syscalls } & AsyncDisposable> {
  const directory: TemporaryDirectory = temporaryDirectory()
  const start = (): Fixture | Promise<Fixture> => {
    switch (name) {
      case 'memory':
        return startLocal({ '/': memory() })
      case 'overlay':
        return startLocal({ '/': overlay({ lower: hostDir(directory.path), upper: memory() }) })
      case 'host':
        return startLocal({ '/': hostDir(directory.path, { mode: 'rw' }) })
      default:
        return startRemote({ '/': memory() })
    }
  }
  const fixture = name === 'native' ? undefined : await start()
  return {
    sync: fixture?.sync ?? nativeSyscalls(directory.path),
    async [Symbol.asyncDispose]() {
      await fixture?.[Symbol.asyncDispose]()
      directory[Symbol.dispose]()
    },
  }
}
