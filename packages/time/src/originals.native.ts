/**
 * What the time area needs of the host, captured before anything is patched.
 */
import { host, original } from '@libvisor/abi'
import type { OriginalModules } from '@libvisor/abi'

const { process } = host

/** The constructor of dates as it was. */
export const hostDate: DateConstructor = host.Date

/** `Intl.DateTimeFormat` as it was. */
export const hostDateTimeFormat = Intl.DateTimeFormat

/** The timer functions as they were. */
export const hostTimers = {
  setTimeout: host.setTimeout,
  setInterval: host.setInterval,
  clearTimeout: host.clearTimeout,
  clearInterval: host.clearInterval,
  startImmediate: host.setImmediate,
  clearImmediate: host.clearImmediate,
}

/** The classes of timers and of immediates. Node exports neither. */
export function timerPrototypes(): readonly [timeout: object, immediate: object] {
  const timeout = host.setTimeout(() => {}, 1)
  host.clearTimeout(timeout)
  const immediate = host.setImmediate(() => {})
  host.clearImmediate(immediate)
  return [Object.getPrototypeOf(timeout) as object, Object.getPrototypeOf(immediate) as object]
}

/** The live `process`, its clock functions as they were, and its real environment. */
export const liveProcess = process
export const hostHrtime = process.hrtime
export const hostEnv = process.env

/**
 * Whether this thread is a worker. Asking `node:worker_threads` would load it.
 *
 * @source Node 24 `lib/internal/process/worker_thread_only.js`: what a worker may not call is marked as disabled
 */
export const inWorker = (process.chdir as { disabled?: boolean }).disabled === true

/** An original module, loaded when it is first asked for. */
export const originalModule: <Id extends keyof OriginalModules>(id: Id) => OriginalModules[Id] = original
