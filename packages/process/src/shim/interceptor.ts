import type * as childProcess from 'node:child_process'
import type * as workerThreads from 'node:worker_threads'
import { createDispatcher, perNamespace } from '@libvisor/core'
import type { BoundSet, CurrentNamespace, Interceptor, Namespace, Realm } from '@libvisor/core'
import { inWorker, liveProcess, originalModule } from '../originals.native.ts'
import { hookAsyncHooks } from './async-hooks.ts'
import { adoptEnvironment } from './own-environment.ts'
import { createBoundProcess } from './bound-process.ts'
import { hookChildProcess, hookCluster } from './child-process.ts'
import type { HostDirectory } from './child-process.ts'
import { hookDomain } from './domain.ts'
import { createOs } from './os.ts'
import type { GuestOs } from './os.ts'
import { argumentErrorsOf, createMemberContext, processMembers } from './process-members.ts'
import { createSharedMember, sharedNames } from './shared-members.ts'
import { createQueueMicrotask } from './tick-members.ts'
import { hookMessagePorts } from './message-ports.ts'
import { hookWorkers } from './worker-threads.ts'
import type { WorkerLauncher } from './worker-threads.ts'

/** What the process area needs from those who put libvisor together. */
export interface ProcessInterceptorOptions {
  /** Starts workers in the guest's namespace. @defaultValue a guest has no workers: the constructor says so */
  readonly workers?: WorkerLauncher
  /** Where a directory of the guest is on the host. @defaultValue nowhere: no executable of the host can run */
  readonly hostDirectory?: HostDirectory
}

/**
 * Makes the interceptor of `process`, `os`, `child_process`, `cluster` and `worker_threads.Worker`.
 *
 * A namespace must have `slots.identity` and {@link processState} filled, and for `chdir()` and `loadEnvFile()`
 * `slots.fileView`, before it runs anything.
 *
 * @param options - the powers that the guests' processes get
 * @returns the interceptor
 * @example
 * ```ts
 * import { createNamespace, slots } from '@libvisor/core'
 * import { createEnvironment, createIdentity, createProcessInterceptor, createProcessState, processState } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'api' })
 * ns.provide(slots.identity, createIdentity({ hostname: 'api' }))
 * ns.provide(processState, createProcessState({ env: createEnvironment({ A: '1' }), argv: ['/usr/bin/node', '/app.js'] }))
 * const bound = createProcessInterceptor().bind(ns)
 * const guest = bound.modules['process']!() as NodeJS.Process
 * assert.deepEqual([guest.pid, guest.cwd(), guest.env['A'], guest.argv[1]], [1, '/', '1', '/app.js'])
 * ```
 */
export function createProcessInterceptor(options: ProcessInterceptorOptions = {}): Interceptor {
  const { workers, hostDirectory = () => undefined } = options
  return {
    area: 'process',

    install(realm, current) {
      const restoreEnv = installProcess(realm, current, hostDirectory)
      installOs(realm, current)
      realm.whenAsked('child_process', (exports) =>
        hookChildProcess(exports as unknown as typeof childProcess, { realm, current, hostDirectory }),
      )
      if (realm.kind === 'own') {
        // A policy that denies hooks closes them.
        if (current()?.policy.host('async_hooks.createHook') === true) hookAsyncHooks(realm)
      } else {
        hookDomain(realm)
        // At once: `MessageChannel` is a global.
        hookMessagePorts(originalModule('worker_threads') as typeof workerThreads, realm, current)
      }
      realm.whenAsked('cluster', (exports) => hookCluster(exports, realm, current))
      realm.whenAsked('worker_threads', (exports) =>
        hookWorkers(exports as unknown as typeof workerThreads, { realm, current, launch: workers }),
      )
      return { [Symbol.dispose]: restoreEnv }
    },

    bind(ns): BoundSet {
      let process: NodeJS.Process | undefined
      let boundOs: object | undefined
      const theProcess = (): NodeJS.Process => (process ??= createBoundProcess(ns))
      return {
        modules: {
          process: theProcess,
          os: () => (boundOs ??= { ...originalModule('os'), ...guestOs(ns, theProcess()) }),
        },
        globals: {
          process: {
            get: theProcess,
            set(value: unknown) {
              Object.defineProperty(this, 'process', { value, writable: true, enumerable: false, configurable: true })
            },
            enumerable: false,
            configurable: true,
          },
          queueMicrotask: {
            value: createQueueMicrotask(ns, argumentErrorsOf(ns)),
            writable: true,
            enumerable: true,
            configurable: true,
          },
        },
        [Symbol.dispose]() {
          process?.removeAllListeners()
        },
      }
    },
  }
}

const guestOs = (ns: Namespace, process: NodeJS.Process): GuestOs =>
  createOs(createMemberContext(ns, process), originalModule('os'))

/** Changes `process`: for good where the realm belongs to one namespace, and else by asking who asks. */
function installProcess(realm: Realm, current: CurrentNamespace, hostDirectory: HostDirectory): () => void {
  const { patches } = realm
  const ns = realm.kind === 'own' ? current() : undefined
  if (ns !== undefined) {
    const restoreEnv = adoptEnvironment(ns)
    const members = processMembers(
      { ...createMemberContext(ns, liveProcess), hostDirectory: inWorker ? undefined : hostDirectory },
      'own',
    )
    // It is Node's own object by now.
    delete members['env']
    for (const [name, descriptor] of Object.entries(members)) {
      if (isPatchable(name)) patches.patch(liveProcess, name, descriptor)
    }
    return restoreEnv
  }

  const membersOf = perNamespace((ns) => processMembers(createMemberContext(ns, liveProcess), 'shared'))
  for (const name of sharedNames) {
    const original = Object.getOwnPropertyDescriptor(liveProcess, name)
    if (original === undefined || !isPatchable(name)) continue
    patches.patch(liveProcess, name, createSharedMember(name, original, current, membersOf))
  }
  return () => {}
}

/**
 * `argv0` cannot be redefined: a guest's own realm is started with the right one. What this Node or this thread does
 * not have is not made up.
 */
function isPatchable(name: string): boolean {
  return Object.getOwnPropertyDescriptor(liveProcess, name)?.configurable === true
}

function installOs(realm: Realm, current: CurrentNamespace): void {
  realm.whenAsked('os', (exports) => {
    const original = originalModule('os') as unknown as Record<string, (...args: unknown[]) => unknown>
    const osOf = perNamespace((ns) => guestOs(ns, liveProcess))
    const names: (keyof GuestOs)[] = [
      'getPriority',
      'homedir',
      'hostname',
      'networkInterfaces',
      'setPriority',
      'tmpdir',
      'uptime',
      'userInfo',
    ]
    for (const name of names) {
      const fn = original[name] as (...args: unknown[]) => unknown
      const replacement = createDispatcher(fn, current, (ns) => osOf(ns)[name])
      if (Object.hasOwn(fn, Symbol.toPrimitive)) {
        Object.defineProperty(replacement, Symbol.toPrimitive, {
          value: () => replacement(),
          configurable: true,
          writable: true,
          enumerable: true,
        })
      }
      realm.patches.patch(exports, name, { value: replacement })
    }
  })
}
