import type * as vm from 'node:vm'
import type { GuestModule } from './module-host.ts'

/** A module of a guest, on its way to being evaluated. */
export interface Job {
  readonly url: string
  readonly module: vm.SourceTextModule | vm.SyntheticModule
  /** The CommonJS module behind a synthetic one. */
  readonly commonJs: GuestModule | undefined
  dependencies: readonly Job[]
  evaluation: Promise<void> | undefined
  /** Whether a top-level `await` may be anywhere in the source, where Node does not tell (22). */
  readonly mentionsAwait: boolean
  /** Whether that has made a module wait. */
  hasWaited: boolean
}

/** A job and all that it needs. */
export function graphOf(root: Job): ReadonlySet<Job> {
  const jobs = new Set<Job>([root])
  for (const job of jobs) for (const dependency of job.dependencies) jobs.add(dependency)
  return jobs
}
