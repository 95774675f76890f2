import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { SwitchAttachment } from '@libvisor/net'
import type { NamespaceSpec, ProgramSpec } from '../config/guest-spec.ts'
import { putIntoWorkerData } from '../thread/envelope.ts'
import type { GuestEnvelope } from '../thread/envelope.ts'
import { preloadArgv } from '../thread/preload-argv.ts'
import { portsOf } from '../thread/protocol.ts'
import type { Carrier, Departure } from './carrier.ts'

/** What is to be carried. */
export interface CargoOptions {
  readonly spec: NamespaceSpec
  readonly program: ProgramSpec
  readonly stdio: 'inherit' | 'pipe'
  /** Whether the handle has a stdin. */
  readonly stdin: boolean
  /** Whether the host wants to know what the guest's layers hold when it ends. */
  readonly keepFiles: boolean
  /** The guest's place on the switch. */
  readonly network: SwitchAttachment
}

/** What Node prints of an uncaught error, without the line of source, which it knows in the guest's thread only. */
function describeUncaught(error: unknown, options: { readonly colors: boolean }): string {
  forgetCopiedTags(error)
  return typeof error === 'object' && error !== null ? inspect(error, options) : String(error)
}

/** The copy of an error that comes from another thread says of itself what its class says, and Node 26 shows that. */
function forgetCopiedTags(error: unknown): void {
  if (!(error instanceof Error)) return
  const { name: inherited } = Object.getPrototypeOf(error) as Error
  if (Object.hasOwn(error, 'name') && error.name === inherited) Reflect.deleteProperty(error, 'name')
  Reflect.deleteProperty(error, Symbol.toStringTag)
  if (error.cause !== error) forgetCopiedTags(error.cause)
}

/**
 * Starts a thread for one guest.
 *
 * @param cargo - the guest
 * @param leave - called when the thread has ended
 * @returns the thread, as the guest's carrier
 */
export function startThread(cargo: CargoOptions, leave: (departure: Departure) => void): Carrier {
  const { spec, program, stdio, network } = cargo
  const control = new MessageChannel()
  const files = new MessageChannel()
  const envelope: GuestEnvelope = {
    kind: 'guest',
    namespace: spec,
    program,
    stdio,
    control: control.port2,
    network,
    files: files.port2,
    keepFiles: cargo.keepFiles,
  }
  const inherits = stdio === 'inherit'
  const worker = new Worker(program.entry, {
    name: spec.name,
    argv: [...program.args],
    env: { ...spec.env },
    execArgv: [...program.execArgv, ...preloadArgv],
    // Streams of a guest that inherits stdio are over the descriptors: Node, which would tell them that the host
    // reads, or writes no more, must have nothing to tell.
    stdin: inherits || cargo.stdin,
    stdout: true,
    stderr: true,
    workerData: putIntoWorkerData(envelope),
    transferList: portsOf(envelope),
  })
  // An uncaught error is printed as a process of its own would print it.
  worker.on('error', (error) => {
    const text = describeUncaught(error, { colors: inherits && process.stderr.hasColors?.() === true })
    const lines = `${text}\n\nNode.js ${process.version}\n`
    if (inherits) process.stderr.write(lines)
    else worker.stderr.push(lines)
  })
  // Messages that the thread sent before its end may still be on their way.
  worker.on('exit', (code) => setImmediate(leave, { code, signal: null, innocent: false }))
  return {
    address: network.address,
    thread: undefined,
    control: control.port1,
    files: files.port1,
    stdin: inherits ? undefined : (worker.stdin ?? undefined),
    stdout: inherits ? Readable.from([]) : worker.stdout,
    stderr: inherits ? Readable.from([]) : worker.stderr,
    started() {},
    terminate: () => void worker.terminate(),
    release() {},
  }
}
