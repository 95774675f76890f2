/** What the conformance suite runs against: the kernel, and every driver in this thread and in another one. */
import { once } from 'node:events'
import fs from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { connectFileSystem, createFileSystem, createHostFs, memory } from '@libvisor/fs'
import type { FileSystem, FileSystemMemory, FileSystemProcess, MountSpec, Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { countingEntropy, makeIdentity, makeStdio, tickingClock } from '../state/fixture.ts'
import { nativeSyscalls } from '../state/native-syscalls.ts'
import { drivers, volumesIn } from './drivers.ts'
import type { Ability, DriverCase, DriverName } from './drivers.ts'
import type { ServeDriver, ShareDriver } from './serving-worker.ts'

/** Something that a case is run against. The driver is mounted at `/m`, next to `/other`. */
export interface Subject extends AsyncDisposable {
  readonly sync: Syscalls
  /** Who calls; `undefined` for the kernel, whose caller cannot be changed. */
  readonly identity: ReturnType<typeof makeIdentity> | undefined
  readonly process: FileSystemProcess | undefined
  /** Whether it can do something; what it cannot do fails. */
  can(ability: Ability): boolean
}

/** Where a driver is. */
export type Location = 'in another thread' | 'in this thread' | 'over an object of another thread'

export function makeDriverFileSystem(driver: DriverName, directory: string): FileSystem {
  const { mount }: DriverCase = drivers[driver]
  return makeMounted(mount(directory), directory)
}

export function makeMounted(spec: MountSpec, directory: string): FileSystem {
  return createFileSystem({
    mounts: { '/': memory(), '/m': spec, '/other': memory() },
    clock: tickingClock(),
    entropy: countingEntropy(),
    host: createHostFs(),
    later: setImmediate,
    owner: { uid: 0, gid: 0 },
    volumes: volumesIn(directory),
  })
}

let server: Worker | undefined

/** Asks the other thread for something. */
async function ask(message: ServeDriver | ShareDriver, ...ports: readonly MessagePort[]): Promise<unknown> {
  server ??= new Worker(new URL('serving-worker.ts', import.meta.url), { execArgv: [] })
  server.ref()
  const answered = once(server, 'message')
  server.postMessage(message, ports)
  const [answer] = (await answered) as [unknown]
  server.unref()
  return answer
}

async function shareDriver(driver: DriverName, directory: string): Promise<MountSpec> {
  const mounts = (await ask({ share: driver, directory })) as { readonly '/m': MountSpec }
  return mounts['/m']
}

export async function startDriver(driver: DriverName, location: Location): Promise<Subject> {
  const directory = temporaryDirectory()
  const identity = makeIdentity()
  const { lacks = {} }: DriverCase = drivers[driver]
  const can = (ability: Ability): boolean => lacks[ability] === undefined
  if (location !== 'in another thread') {
    const files =
      location === 'in this thread'
        ? makeDriverFileSystem(driver, directory.path)
        : makeMounted(await shareDriver(driver, directory.path), directory.path)
    const process = files.process(identity, makeStdio())
    return {
      sync: process.sync,
      process,
      identity,
      can,
      [Symbol.asyncDispose]() {
        files[Symbol.dispose]()
        directory[Symbol.dispose]()
        return Promise.resolve()
      },
    }
  }
  const { port1, port2 } = new MessageChannel()
  const message: ServeDriver = { port: port1, driver, directory: directory.path, identity: { ...identity } }
  const shared = (await ask(message, port1)) as FileSystemMemory
  const process = connectFileSystem({ port: port2, memory: shared, identity })
  return {
    sync: process.sync,
    process,
    identity,
    can,
    [Symbol.asyncDispose]() {
      process[Symbol.dispose]()
      directory[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}

/** A real directory: what is expected is what the kernel does. */
export function startNative(): Subject {
  const directory = temporaryDirectory()
  fs.mkdirSync(directory.resolve('m'))
  return {
    sync: nativeSyscalls(directory.path),
    process: undefined,
    identity: undefined,
    // Binding a socket takes more than these system calls.
    can: (ability) => ability !== 'sockets',
    [Symbol.asyncDispose]() {
      directory[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}
