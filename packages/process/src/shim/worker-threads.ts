import type * as workerThreads from 'node:worker_threads'
import { apply, construct } from '@libvisor/abi'
import { createDispatcher, setOwner, unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'
import { followReferences, holdUntilOver } from './lifeline.ts'

/** What `new Worker()` is called with. */
export type WorkerArguments = readonly [filename: string | URL, options: workerThreads.WorkerOptions]

/**
 * Turns what a guest asked for into the arguments of a real Worker that starts in the guest's namespace, whatever
 * `env`, `execArgv` and `argv` the guest passes.
 *
 * @param ns - the namespace that the worker inherits
 * @param filename - as the guest gave it, checked by nobody yet
 * @param asked - the guest's options, read once; what is in them has been checked by nobody yet
 * @param refused - inherited options of Node's that the host's own constructor takes from the process only
 * @returns the arguments of the host's own constructor
 */
export type WorkerLauncher = (
  ns: Namespace,
  filename: string | URL,
  asked: workerThreads.WorkerOptions,
  refused?: readonly string[],
) => WorkerArguments

/** What hooks of `worker_threads` are made of. */
export interface WorkerHookOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly launch: WorkerLauncher | undefined
}

// As it was before a guest could replace it.
const { isArray } = Array

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
  const { terminate } = Original.prototype as { terminate: () => unknown }
  const Worker = createDispatcher(
    Original as never,
    current,
    (ns) =>
      function GuestWorker(this: unknown, filename: unknown, workerOptions: unknown = {}): object {
        // Node's own refuses to be called without `new`, and for want of options.
        if (new.target === undefined) return (Original as unknown as () => object)()
        const target = new.target === (GuestWorker as unknown) ? Original : new.target
        if (workerOptions === null) return construct(Original, [filename, null], target) as object
        // Node takes anything that has the properties of options, or of a URL: what it refuses, it must refuse with
        // libvisor's own options. Each is read once, so that it is not another one when Node reads it.
        const asked: workerThreads.WorkerOptions = { ...(workerOptions as object) }
        if (asked.execArgv && !isArray(asked.execArgv)) return construct(Original, [filename, asked], target) as object
        if (launch === undefined) throw unsupported('new Worker()', 'nothing starts workers in this namespace')
        const worker = start(
          (refused) => construct(Original, launch(ns, filename as string | URL, asked, refused), target) as object,
        )
        setOwner(worker, ns)
        if (realm.kind !== 'own') holdUntilOver(ns, worker, { over: 'exit', end: () => apply(terminate, worker, []) })
        return worker
      },
  ) as unknown as WorkerConstructor
  realm.patches.patch(exports, 'Worker', { value: Worker })
  if (realm.kind !== 'own') followReferences(realm.patches, Original.prototype as object)
  // Otherwise `worker.constructor` is a way round this one.
  realm.patches.patch(Original.prototype as object, 'constructor', { value: Worker })
}

/**
 * Starts a worker with the options of its process. Node lets a worker inherit those that are the whole process's, such
 * as `--expose-gc`, but refuses them where they are passed: they hold for it already, so they are left out.
 */
function start(attempt: (refused?: readonly string[]) => object): object {
  try {
    return attempt()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error
    return attempt(message.slice(message.indexOf(': ') + 2).split(', '))
  }
}
