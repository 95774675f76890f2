/** What a {@link VisorError} is about. */
export type VisorErrorCode =
  | 'VISOR_ADDRESS_IN_USE'
  | 'VISOR_CONFIG_INVALID'
  | 'VISOR_DENIED'
  | 'VISOR_ENTRY_NOT_FOUND'
  | 'VISOR_GUEST_ENDED'
  | 'VISOR_GUEST_NAME_TAKEN'
  | 'VISOR_LAYER_INVALID'
  | 'VISOR_LOADED_TWICE'
  | 'VISOR_MOUNT_UNREADABLE'
  | 'VISOR_NODE_TOO_OLD'
  | 'VISOR_NO_NAMESPACE'
  | 'VISOR_OPTION_UNKNOWN'
  | 'VISOR_POOL_FULL'
  | 'VISOR_OPTION_INVALID'
  | 'VISOR_UNSUPPORTED'
  | 'VISOR_VOLUME_IN_USE'
  | 'VISOR_VOLUME_NOT_FOUND'

/** What a {@link VisorError} is made of, next to its code and message. */
export interface VisorErrorOptions {
  readonly cause?: unknown
  /** What to do about it, as a sentence. */
  readonly hint?: string
}

/**
 * An error for the user of libvisor, as against the errors that a guest sees, which equal Node's. A guest meets one
 * only where Node has no error to equal: an API that is denied or not supported.
 *
 * @example
 * ```ts
 * import { VisorError } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const error = new VisorError('VISOR_ENTRY_NOT_FOUND', 'There is no file ./app.js', { hint: 'Check the path.' })
 * assert.equal(error.code, 'VISOR_ENTRY_NOT_FOUND')
 * assert.equal(`${error}`, 'VisorError [VISOR_ENTRY_NOT_FOUND]: There is no file ./app.js')
 * ```
 */
export class VisorError extends Error {
  readonly code: VisorErrorCode
  readonly hint: string | undefined

  constructor(code: VisorErrorCode, message: string, options: VisorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }

  override get name(): string {
    return 'VisorError'
  }

  override toString(): string {
    return `VisorError [${this.code}]: ${this.message}`
  }
}
