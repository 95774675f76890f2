import type * as childProcess from 'node:child_process'
import { apply } from '@libvisor/abi'
import { callNativeSync, createDispatcher, denied, setOwner, slots, unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'
import { followReferences, holdUntilOver } from './lifeline.ts'
import { processState } from '../state/process-state.ts'
import type { ChildOfHost } from '../state/process-state.ts'

/**
 * Where a directory of a guest is on the host.
 *
 * @returns its path on the host, or `undefined` when it is only the guest's
 */
export type HostDirectory = (ns: Namespace, directory: string) => string | undefined

/** What hooks of `child_process` are made of. */
export interface ChildProcessOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly hostDirectory: HostDirectory
}

interface SpawnOptions {
  file: string
  cwd?: string | null | undefined
}

type Child = ChildOfHost & { readonly pid?: number }

type Fn = (...args: unknown[]) => unknown

/** Fails unless the policy names the executable. */
function requireExecutable(ns: Namespace, api: string, file: string): void {
  if (ns.policy.exec(file)) return
  const name = file.slice(file.lastIndexOf('/') + 1)
  throw denied(
    `child_process.${api}() of ${file}`,
    `Allow it by its name: visor run --exec ${name}, or exec: ['${name}'] of the guest's process.`,
  )
}

/** The directory of the host in which a child starts. */
function directoryFor(ns: Namespace, directory: string | URL | null | undefined, hostDirectory: HostDirectory): string {
  const { cwd } = ns.get(slots.identity)
  const given = directory instanceof URL ? decodeURIComponent(directory.pathname) : directory
  const absolute = given === undefined || given === null ? cwd : given.startsWith('/') ? given : `${cwd}/${given}`
  const real = hostDirectory(ns, absolute)
  if (real === undefined) {
    throw unsupported(`A child process in ${absolute}`, 'an executable of the host cannot see a directory of the guest')
  }
  return real
}

/** The options among the arguments of a synchronous call: after the file, and after the list of arguments. */
function optionsIndex(args: readonly unknown[], takesList: boolean): number {
  return takesList && (Array.isArray(args[1]) || args[1] === undefined || args[1] === null) ? 2 : 1
}

/** The file that a synchronous call runs: a shell, or what it names. */
function fileOf(
  args: readonly unknown[],
  options: Record<string, unknown>,
  shellByDefault: boolean,
): string | undefined {
  const { shell = shellByDefault } = options
  if (typeof shell === 'string') return shell
  if (shell) return '/bin/sh'
  return typeof args[0] === 'string' ? args[0] : undefined
}

/**
 * Hooks `child_process`: an executable of the host runs only where the policy names it, in the host's directory of
 * the guest's working directory and with the guest's environment.
 *
 * @param exports - of `child_process`
 * @param options - whose calls are hooked
 */
export function hookChildProcess(exports: typeof childProcess, options: ChildProcessOptions): void {
  const { realm, current, hostDirectory } = options
  const { patches } = realm

  // Every asynchronous way ends here, with checked and normalized options.
  const { prototype } = exports.ChildProcess as unknown as { prototype: { spawn: Fn; kill: Fn } }
  const { spawn, kill } = prototype
  if (realm.kind !== 'own') followReferences(patches, prototype)
  patches.patch(prototype, 'spawn', {
    value: createDispatcher(
      spawn,
      current,
      (ns) =>
        function (this: Child, spawnOptions: SpawnOptions) {
          // Whatever is not valid fails in Node's own words.
          if (typeof spawnOptions?.file !== 'string') return apply(spawn, this, [spawnOptions])
          requireExecutable(ns, 'spawn', spawnOptions.file)
          setOwner(this, ns)
          const cwd = directoryFor(ns, spawnOptions.cwd, hostDirectory)
          // Its pipes are the host's: net must not take them for the guest's.
          const error = callNativeSync(() => apply(spawn, this, [{ ...spawnOptions, cwd }]) as unknown)
          if (this.pid === undefined) return error
          ns.get(processState).children.set(this.pid, this)
          if (realm.kind !== 'own') {
            holdUntilOver(ns, this, { over: 'close', end: () => apply(kill, this, ['SIGKILL']) })
          }
          return error
        },
    ),
  })

  const sync = (name: 'execFileSync' | 'execSync' | 'spawnSync', takesList: boolean, shell: boolean): void => {
    const original = exports[name] as Fn
    const guest =
      (ns: Namespace): Fn =>
      (...args) => {
        const index = optionsIndex(args, takesList)
        const given = args[index]
        const options = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>
        const file = fileOf(args, options, shell)
        const valid = file !== undefined && (given === undefined || options === given)
        if (!valid) return callNativeSync(original, ...args)
        requireExecutable(ns, name, file)
        const directory = options['cwd'] as string | URL | null | undefined
        const env = options['env'] ?? { ...ns.get(processState).env }
        const rewritten = [...args]
        rewritten[index] = { ...options, env, cwd: directoryFor(ns, directory, hostDirectory) }
        return callNativeSync(original, ...rewritten)
      }
    patches.patch(exports, name, { value: createDispatcher(original, current, guest) })
  }
  sync('spawnSync', true, false)
  sync('execFileSync', true, false)
  sync('execSync', false, true)
}

/**
 * Hooks `cluster`, whose workers would be processes of the host.
 *
 * @param exports - of `cluster`
 * @param realm - the realm to change
 * @param current - answers for whom a call is made
 */
export function hookCluster(exports: Record<PropertyKey, unknown>, realm: Realm, current: CurrentNamespace): void {
  for (const name of ['fork', 'setupPrimary', 'setupMaster']) {
    const original = exports[name]
    if (typeof original !== 'function') continue
    realm.patches.patch(exports, name, {
      value: createDispatcher(original as Fn, current, () => () => {
        throw unsupported(`cluster.${name}()`, 'its workers would be processes of the host')
      }),
    })
  }
}
