import { host } from '@libvisor/abi'

const { reallyExit } = host.process as unknown as { reallyExit(code: number): never }

/**
 * Ends this thread at once, without `exit` listeners: in the first thread, the process.
 *
 * @param code - the exit code
 */
export function exitNow(code: number): never {
  return reallyExit.call(host.process, code)
}
