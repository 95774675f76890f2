/** Errors of the host, told in the guest's paths. */

/** A path that was passed to the original in place of a guest's. */
export interface Substitution {
  readonly host: string
  readonly shown: string
}

/**
 * Puts the guest's paths in place of the host's in an error of an original.
 *
 * @param error - what the original threw; changed in place
 * @param substitutions - the paths that were passed in place of the guest's
 * @returns the error
 */
export function restate(error: unknown, substitutions: readonly Substitution[]): unknown {
  if (!isError(error)) return error
  const inner = substitutions.filter(({ host, shown }) => host !== shown).sort((a, b) => b.host.length - a.host.length)
  if (inner.length === 0) return error
  const fields = error as Error & { path?: unknown; dest?: unknown; filename?: unknown }
  for (const key of ['path', 'dest', 'filename'] as const) {
    if (typeof fields[key] === 'string') fields[key] = restatePath(fields[key], inner)
  }
  const { stack } = error
  error.message = restateText(error.message, inner)
  if (typeof stack === 'string') error.stack = restateText(stack, inner)
  return error
}

/** A path at or below one of the host's, in the guest's terms. */
export function restatePath(path: string, substitutions: readonly Substitution[]): string {
  for (const { host, shown } of substitutions) {
    if (path === host) return shown
    if (path.startsWith(`${host}/`)) return shown + path.slice(host.length)
  }
  return path
}

function restateText(text: string, substitutions: readonly Substitution[]): string {
  for (const { host, shown } of substitutions) {
    text = text.replaceAll(`'${host}'`, `'${shown}'`).replaceAll(`'${host}/`, `'${shown}/`)
  }
  return text
}

/**
 * Lets the stack of an error begin where the guest made the call, without the frames of libvisor.
 *
 * @param error - what an emulated call throws
 * @param boundary - the function that the guest called
 * @returns the error
 */
export function traceFrom(error: unknown, boundary: (...args: never[]) => unknown): unknown {
  if (isMade(error)) Error.captureStackTrace(error, boundary)
  return error
}

/**
 * Leaves an error without a stack, as one that comes from the event loop has none.
 *
 * @param error - what a callback gets
 * @returns the error
 */
export function withoutTrace(error: unknown): unknown {
  if (isMade(error)) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    Error.captureStackTrace(error)
    Error.stackTraceLimit = stackTraceLimit
  }
  return error
}

/** Whether a value is an error, of whatever realm. */
function isError(value: unknown): value is Error {
  return Object.prototype.toString.call(value) === '[object Error]'
}

/** Whether an error is one of a failed call, and not one of the guest's own. */
function isMade(error: unknown): error is Error {
  return isError(error) && typeof (error as { syscall?: unknown }).syscall === 'string'
}

/**
 * Puts properties in the order of an error that Node makes in JavaScript, as `writeSync` and `watch` do.
 *
 * @param error - of such a call
 * @returns the error
 * @source Node 24 `lib/internal/errors.js`, class UVException
 */
export function asMadeInJavaScript(error: unknown): unknown {
  if (!isMade(error)) return error
  const made = error as Error & Record<string, unknown>
  for (const key of ['code', 'path', 'dest']) {
    if (!Object.hasOwn(made, key)) continue
    const value = made[key]
    delete made[key]
    made[key] = value
  }
  return made
}
