import { host, original } from '@libvisor/abi'
import { slots } from '@libvisor/core'
import type { BoundSet, Namespace } from '@libvisor/core'
import { createContextLoader } from '@libvisor/loader'
import type { ContextLoader } from '@libvisor/loader'
import { openSwitchPort, proxyEnvironment } from '@libvisor/net'
import { builtinModules, createEnvironment, createLifecycle, usesProxies } from '@libvisor/process'
import type { GuestLifecycle } from '@libvisor/process'
import { createGuestModules } from '@libvisor/realm'
import type { ContextRealm } from '@libvisor/realm'
import * as fsArea from '../areas/fs.ts'
import * as netArea from '../areas/net.ts'
import { furnish } from '../guest/furnish.ts'
import type { FurnishedNamespace } from '../guest/furnish.ts'
import type { ExitStatus } from '../host/exit-status.ts'
import { connectToHost, tellLastFiles } from '../thread/host-connection.ts'
import { createInheritedStdio } from '../thread/inherited-stdio.native.ts'
import { createPortStdio } from '../thread/port-stdio.ts'
import type { GuestUsage, PooledGuestEnvelope } from '../thread/protocol.ts'
import { countContext } from '../thread/pulse.ts'
import type { PoolThread } from './pool-thread.ts'

/** A guest in a context of its own, among others in one thread. */
export class ContextGuest {
  readonly furnished: FurnishedNamespace
  readonly realm: ContextRealm
  readonly lifecycle: GuestLifecycle
  readonly #thread: PoolThread
  readonly #envelope: PooledGuestEnvelope
  readonly #loader: ContextLoader
  /** What is released at the end, last made first. */
  readonly #parts: Disposable[] = []
  #ended = false

  /**
   * Makes the guest's realm, its namespace, and all that is in them.
   *
   * @throws {VisorError} when its namespace cannot be made; nothing is left of it then
   */
  constructor(envelope: PooledGuestEnvelope, thread: PoolThread) {
    this.#envelope = envelope
    this.#thread = thread
    try {
      const fresh = thread.realms.take(envelope.namespace.name)
      const { realm, copies, evaluated } = fresh
      this.realm = this.#part(realm)
      countContext(this.realm.context)
      this.furnished = this.#furnish(fresh.ns)
      const { ns } = this.furnished
      const bound = thread.realm.interceptors.map((interceptor) =>
        this.#part(fresh.bound.get(interceptor) ?? interceptor.bind(ns)),
      )
      const process = processOf(bound)
      const modules = this.#part(
        createGuestModules({
          ns,
          realm: this.realm,
          bound,
          ask: thread.realm.ask,
          copies,
          extra: { module: () => this.#loader.moduleExports },
        }),
      )
      ns.provide(builtinModules, modules)
      ns.run(() => {
        this.realm.furnish({
          ns,
          globals: globalsOf(bound),
          modules,
          importModule: (specifier, referrer, attributes) =>
            this.#loader.import(specifier, typeof referrer === 'string' ? referrer : undefined, attributes),
        })
      })
      this.#loader = this.#part(
        ns.run(createContextLoader, {
          ns,
          realm: this.realm,
          files: ns.get(slots.fileView),
          modules,
          process,
          scripts: thread.scripts,
          evaluated,
        }),
      )
      this.lifecycle = this.#part(createLifecycle({ ns, process, onEnd: (status) => this.end(status) }))
    } catch (error) {
      this.#release()
      throw error
    }
  }

  get ns(): Namespace {
    return this.furnished.ns
  }

  /** Starts the program, from the bottom of a stack: what it throws is uncaught, as it is natively. */
  start(): void {
    const { ns, lifecycle } = this
    connectToHost({ guest: this.furnished, envelope: this.#envelope, stats: () => this.#usage() })()
    host.setImmediate(() => {
      if (ns.ended) return
      lifecycle.start(() => this.#loader.runMain(this.#envelope.program.entry))
    })
  }

  /** Ends the guest now, without asking it. */
  end(status: ExitStatus): void {
    if (this.#ended) return
    this.#ended = true
    const { control } = this.#envelope
    this.#thread.guests.delete(this.ns)
    this.#release()
    control.postMessage({ type: 'ended', ...status })
    control.close()
    this.#thread.noteEnd()
  }

  #furnish(ns: Namespace): FurnishedNamespace {
    const { namespace: spec, program, network, stdio, stdioPort } = this.#envelope
    const channels = this.#part(stdio === 'inherit' ? createInheritedStdio() : createPortStdio(stdioPort))
    const env = createEnvironment(spec.env, { intrinsics: this.realm.intrinsics })
    const furnished = furnish(spec, {
      ...(this.#envelope.keepFiles && { onExit: () => this.#tellLastFiles() }),
      stdio: channels,
      env,
      argv: [host.process.execPath, program.entry, ...program.args],
      execArgv: program.execArgv,
      switchPort: openSwitchPort(network),
      areas: { fs: () => fsArea, net: () => netArea },
      ns,
    })
    this.#part(ns)
    ns.provide(slots.stdio, channels)
    ns.provide(proxyEnvironment, { env, isUsed: usesProxies(env, program.execArgv) })
    return furnished
  }

  #tellLastFiles(): void {
    tellLastFiles(this.furnished, (message) => this.#envelope.control.postMessage(message))
  }

  #part<Part extends Disposable>(part: Part): Part {
    this.#parts.push(part)
    return part
  }

  /** Releases all there is, also where some of it fails: what is left over would be the thread's for ever. */
  #release(): void {
    for (const part of this.#parts.splice(0).reverse()) {
      try {
        part[Symbol.dispose]()
      } catch (error) {
        host.setImmediate(() => {
          throw error
        })
      }
    }
  }

  #usage(): GuestUsage {
    const { timers, sockets, handles, cpuMs } = this.lifecycle.usage
    // V8 does not say whose memory is whose: each guest counts for an equal share of its thread.
    const heapUsedBytes = original('v8').getHeapStatistics().used_heap_size / this.#thread.guests.size
    return { heapUsedBytes, cpuMs, handles, sockets, timers }
  }
}

function processOf(bound: readonly BoundSet[]): NodeJS.Process {
  for (const { modules } of bound) if (modules['process'] !== undefined) return modules['process']() as NodeJS.Process
  throw new TypeError('no area binds process')
}

function globalsOf(bound: readonly BoundSet[]): PropertyDescriptorMap {
  return Object.assign({}, ...bound.map(({ globals }) => globals)) as PropertyDescriptorMap
}
