import type * as childProcess from 'node:child_process'
import { apply, defineProperty } from '@libvisor/abi'
import { bindGuest, callNativeSync, createDispatcher, denied, setOwner, slots, unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm, VisorError } from '@libvisor/core'
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
  /** The environment of the child. */
  envPairs?: readonly string[]
}

/** What Node keeps in a `ChildProcess`. */
interface ChildInternals {
  readonly pid?: number
  spawnfile: string
  emit: Fn
  _handle: { onexit: Fn } | null
}

type Child = ChildOfHost & ChildInternals

type Fn = (...args: unknown[]) => unknown

/** Why an executable does not run: the policy, or that there is none. */
type Refusal = VisorError | 'missing'

/** What a call wants to run, and where it is looked for. */
interface Wanted {
  readonly api: string
  readonly file: string
  readonly cwd: string
  /** `PATH` of the child. */
  readonly path: string | undefined
}

/** Whether an executable must not run. Of one that is not there, a program hears what it hears natively. */
function refusalOf(ns: Namespace, wanted: Wanted): Refusal | undefined {
  const { api, file } = wanted
  if (ns.policy.exec(file)) return undefined
  const files = ns.find(slots.fileView)
  if (files !== undefined && candidates(wanted).every((path) => files.kind(path) === undefined)) return 'missing'
  const name = file.slice(file.lastIndexOf('/') + 1)
  return denied(
    `child_process.${api}() of ${file}`,
    `Allow it by its name: visor run --exec ${name}, or exec: ['${name}'] of the guest's process.`,
  )
}

/** Where libuv looks for executables when there is no `PATH`. */
const DEFAULT_PATH = '/bin:/usr/bin'

function candidates({ file, cwd, path = DEFAULT_PATH }: Wanted): readonly string[] {
  if (file.startsWith('/')) return [file]
  return file.includes('/') ? [`${cwd}/${file}`] : path.split(':').map((folder) => `${folder || cwd}/${file}`)
}

/** A file that nothing can have there: what is to fail is started from it. */
const NOWHERE = '/proc/self/nowhere'
const EACCES = -13

type Directory = string | URL | null | undefined

/** The directory of the guest in which a child is to start. */
function guestDirectory(ns: Namespace, directory: Directory): string {
  const { cwd } = ns.get(slots.identity)
  const given = directory instanceof URL ? decodeURIComponent(directory.pathname) : directory
  return given === undefined || given === null ? cwd : given.startsWith('/') ? given : `${cwd}/${given}`
}

/** The directory of the host in which a child starts. */
function directoryFor(ns: Namespace, directory: Directory, hostDirectory: HostDirectory): string {
  const absolute = guestDirectory(ns, directory)
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
          const { file, cwd: given, envPairs = [] } = spawnOptions
          const path = envPairs.find((pair) => pair.startsWith('PATH='))?.slice('PATH='.length)
          const refusal = refusalOf(ns, { api: 'spawn', file, cwd: guestDirectory(ns, given), path })
          setOwner(this, ns)
          if (refusal !== undefined) return failToSpawn(this, spawnOptions, refusal, spawn)
          const cwd = directoryFor(ns, given, hostDirectory)
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
        const directory = options['cwd'] as Directory
        const env = (options['env'] ?? { ...ns.get(processState).env }) as Record<string, unknown>
        const { PATH } = env
        const path = PATH === undefined ? undefined : String(PATH)
        const refusal = refusalOf(ns, { api: name, file, cwd: guestDirectory(ns, directory), path })
        const rewritten = [...args]
        if (refusal !== undefined) {
          const usesShell = file !== args[0]
          if (!usesShell) rewritten[0] = NOWHERE
          rewritten[index] = { ...options, cwd: '/', ...(usesShell && { shell: NOWHERE }) }
          return failSync(() => callNativeSync(original, ...rewritten), file, refusal)
        }
        rewritten[index] = { ...options, env, cwd: directoryFor(ns, directory, hostDirectory) }
        try {
          return callNativeSync(original, ...rewritten)
        } finally {
          ns.find(slots.fileView)?.expire?.()
        }
      }
    patches.patch(exports, name, { value: createDispatcher(original, current, guest) })
  }
  sync('spawnSync', true, false)
  sync('execFileSync', true, false)
  sync('execSync', false, true)
}

/** Has a child fail as one does whose executable cannot be run: by an event. */
function failToSpawn(child: Child, options: SpawnOptions, refusal: Refusal, spawn: Fn): unknown {
  const { emit } = child
  const result = callNativeSync(() => apply(spawn, child, [{ ...options, file: NOWHERE, cwd: '/' }]) as unknown)
  child.spawnfile = options.file
  const handle = child._handle!
  const { onexit } = handle
  // Node tells it in a later turn, of what is a section of its own.
  const tell = (code: unknown, ...rest: unknown[]): unknown => {
    if (refusal === 'missing') return onexit(code, ...rest)
    defineProperty(child, 'emit', {
      value: (event: unknown, ...args: unknown[]) =>
        apply(emit, child, event === 'error' ? [event, refusal] : [event, ...args]) as unknown,
      configurable: true,
      writable: true,
    })
    try {
      return onexit(EACCES, ...rest)
    } finally {
      Reflect.deleteProperty(child, 'emit')
    }
  }
  Object.assign(handle, { onexit: bindGuest(tell) })
  return result
}

/** Has a synchronous call fail as one does whose executable cannot be run. */
function failSync(call: () => unknown, file: string, refusal: Refusal): unknown {
  const restated = (error: unknown): unknown => (refusal === 'missing' ? namedAfter(error as Error, file) : refusal)
  try {
    const result = call() as { error?: unknown }
    result.error = restated(result.error)
    return result
  } catch (error) {
    throw restated(error)
  }
}

/** An error that tells of a file in place of {@link NOWHERE}. */
function namedAfter(error: Error, file: string): Error {
  const { message, stack = '' } = error
  for (const [key, text] of Object.entries({ ...error, message, stack })) {
    if (typeof text === 'string' && text.includes(NOWHERE))
      Reflect.set(
        error,
        key,
        text.replaceAll(NOWHERE, () => file),
      )
  }
  return error
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
