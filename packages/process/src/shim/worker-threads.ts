import type * as workerThreads from 'node:worker_threads'
import { construct } from '@libvisor/abi'
import { createDispatcher, setOwner, unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'

/** What `new Worker()` is called with. */
export type WorkerArguments = readonly [filename: string | URL, options: workerThreads.WorkerOptions]

/**
 * Turns what a guest asked for into the arguments of a real Worker that starts in the guest's namespace, whatever
 * `env`, `execArgv` and `argv` the guest passes.
 *
 * @param ns - the namespace that the worker inherits
 * @param args - the file and the options as the guest gave them, checked by nobody yet; an empty object when it gave none
 * @returns the arguments of the host's own constructor
 */
export type WorkerLauncher = (ns: Namespace, ...args: WorkerArguments) => WorkerArguments

/** What hooks of `worker_threads` are made of. */
export interface WorkerHookOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly launch: WorkerLauncher | undefined
}

type WorkerConstructor = new (...args: unknown[]) => object

/**
 * Hooks the constructor of workers, so that a guest's workers belong to its namespace.
 *
 * @param exports - of `worker_threads`
 * @param options - whose calls are hooked, and what starts a worker in a namespace
 */
export function hookWorkers(exports: typeof workerThreads, options: WorkerHookOptions): void {
  const { realm, current, launch } = options
  const Original = exports.Worker as unknown as WorkerConstructor
  const Worker = createDispatcher(
    Original as never,
    current,
    (ns) =>
      function GuestWorker(this: unknown, filename: unknown, workerOptions: unknown = {}): object {
        // Node's own refuses to be called without `new`, and whatever is not valid.
        if (new.target === undefined) return (Original as unknown as () => object)()
        const target = new.target === (GuestWorker as unknown) ? Original : new.target
        const named = typeof filename === 'string' || filename instanceof URL
        if (!named || typeof workerOptions !== 'object' || workerOptions === null) {
          return construct(Original, [filename, workerOptions], target) as object
        }
        if (launch === undefined) throw unsupported('new Worker()', 'nothing starts workers in this namespace')
        const args = launch(ns, filename, workerOptions as workerThreads.WorkerOptions)
        const inherits = (workerOptions as workerThreads.WorkerOptions).execArgv === undefined
        const worker = (
          inherits ? constructInheriting(Original, args, target) : construct(Original, args, target)
        ) as object
        setOwner(worker, ns)
        return worker
      },
  ) as unknown as WorkerConstructor
  realm.patches.patch(exports, 'Worker', { value: Worker })
  // Otherwise `worker.constructor` is a way round this one.
  realm.patches.patch(Original.prototype as object, 'constructor', { value: Worker })
}

/**
 * Constructs a worker with the options of its process. Node lets a worker inherit those that are the whole process's,
 * such as `--expose-gc`, but refuses them where they are passed: they hold for it already, so they are left out.
 */
function constructInheriting(Original: WorkerConstructor, args: WorkerArguments, target: object): unknown {
  try {
    return construct(Original, args, target as never)
  } catch (error) {
    const [filename, options] = args
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error
    const refused = message.slice(message.indexOf(': ') + 2).split(', ')
    const execArgv = options.execArgv?.filter((option) => !refused.includes(option))
    return construct(Original, [filename, { ...options, execArgv }], target as never)
  }
}
