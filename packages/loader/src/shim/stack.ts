/**
 * Removes libvisor's own frames from the stack of an error that it throws to a guest.
 *
 * @param error - what is thrown; anything but an error is left alone
 * @param above - the function that the guest, or Node, called
 * @returns the same error
 */
export function hideFrames(error: unknown, above: (...args: never[]) => unknown): unknown {
  if (!(error instanceof Error)) return error
  const before: unknown = error.stack
  if (typeof before !== 'string') return error
  const end = before.indexOf('\n    at ')
  Error.captureStackTrace(error, above)
  const after: unknown = error.stack
  // The first lines may say more than a captured stack does: a code, a hint.
  if (end !== -1 && typeof after === 'string') {
    const frames = after.indexOf('\n    at ')
    error.stack = before.slice(0, end) + (frames === -1 ? '' : after.slice(frames))
  }
  return error
}
