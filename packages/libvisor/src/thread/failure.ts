import { VisorError } from '@libvisor/core'
import type { VisorErrorCode } from '@libvisor/core'

/** An error on its way to another thread: cloning one would lose its class and its code. */
export interface Failure {
  readonly code: VisorErrorCode
  readonly message: string
  readonly hint: string | undefined
}

/**
 * Describes an error for another thread.
 *
 * @param error - what was thrown
 * @returns what {@link restoreFailure} makes an error of
 */
export function describeFailure(error: unknown): Failure {
  if (error instanceof VisorError) return { code: error.code, message: error.message, hint: error.hint }
  return { code: 'VISOR_GUEST_ENDED', message: error instanceof Error ? error.message : String(error), hint: undefined }
}

/**
 * Makes the error again.
 *
 * @param failure - what the other thread said
 * @returns the error, to be thrown
 */
export function restoreFailure({ code, message, hint }: Failure): VisorError {
  return new VisorError(code, message, hint === undefined ? {} : { hint })
}
