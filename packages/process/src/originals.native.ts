/**
 * What the process area needs of the host, captured before anything is patched.
 */
import { host, original } from '@libvisor/abi'
import type { OriginalModules } from '@libvisor/abi'

/** Members of `process` that its types do not have. */
export interface UndocumentedProcess {
  _kill(pid: number, signal: number): number
  reallyExit(code: number): never
  _fatalException(error: unknown, isOfPromise: boolean): boolean
  binding(name: string): object
  _linkedBinding(name: string): object
  _getActiveHandles(): object[]
  _getActiveRequests(): object[]
}

/** `process` as it was when libvisor was loaded. */
export type OriginalProcess = NodeJS.Process & UndocumentedProcess

const { create, defineProperties, getOwnPropertyDescriptors } = Object

/** The live `process`: what guests hold and what is patched. */
export const liveProcess = host.process as OriginalProcess

/** The members of `process` as they were. Lazy getters have not been run. */
export const originalProcess = defineProperties(create(null) as OriginalProcess, getOwnPropertyDescriptors(liveProcess))

/** The real environment. */
export const hostEnv = host.process.env

/**
 * Whether this Node's environment keeps what is put under an index as it is, instead of making a variable of it.
 *
 * @source observed on 22.23 and 24.21 (it does), 26.10 (it does not)
 */
export const keepsIndexes = Number.parseInt(host.process.versions.node, 10) < 26

/** The real process id. */
export const hostPid = host.process.pid

/**
 * Whether this thread is a worker. Asking `node:worker_threads` would load it.
 *
 * @source Node 24 `lib/internal/process/worker_thread_only.js`: what a worker may not call is marked as disabled
 */
export const inWorker = (host.process.chdir as { disabled?: boolean }).disabled === true

/** An original module, loaded when it is first asked for. */
export const originalModule: <Id extends keyof OriginalModules>(id: Id) => OriginalModules[Id] = original

/**
 * Reads variables out of the text of an env file, with Node's own parser.
 *
 * @param text - the content of a file such as `.env`
 * @returns the variables in their order
 * @example
 * ```ts
 * import { parseEnvFile } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * assert.deepEqual({ ...parseEnvFile('# comment\nPORT=3000\nNAME="a b"') }, { PORT: '3000', NAME: 'a b' })
 * ```
 */
export function parseEnvFile(text: string): Record<string, string> {
  return original('util').parseEnv(text) as Record<string, string>
}
