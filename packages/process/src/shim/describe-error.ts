import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { originalModule } from '../originals.native.ts'

/** How an uncaught error is shown. */
export interface DescribeOptions {
  /** @defaultValue false */
  readonly colors?: boolean
  /** What made it uncaught: of a rejection Node shows where the error was made. @defaultValue `uncaughtException` */
  readonly origin?: 'uncaughtException' | 'unhandledRejection'
}

/** Where a stack says that an error comes from. */
interface Place {
  readonly path: string
  readonly line: number
  readonly column: number
}

/** Where libvisor's own modules are: the folder of the bundle, or that of this package where it runs as sources. */
const ownFolder = new URL(import.meta.url.endsWith('.ts') ? '../' : './', import.meta.url)

/** What it calls in between to enter the guest's async context. */
const entering = /\((?:node:async_hooks:|node:internal\/async_local_storage\/)|at node:internal\/async_local_storage\//

const isOwnFrame = (line: string): boolean =>
  /^\s+at /.test(line) && (line.includes(ownFolder.href) || line.includes(ownFolder.pathname))

/** Leaves out the frames through which libvisor has called the guest: natively there are none. */
function withoutOwnFrames(text: string): string {
  const lines = text.split('\n')
  if (!lines.some(isOwnFrame)) return text
  return lines.filter((line) => !isOwnFrame(line) && !entering.test(line)).join('\n')
}

const frame = /^\s+at (?:.*\()?(file:\/\/\/.+?|\/.+?):(\d+):(\d+)\)?$/

/** The first frame of the guest's own files. */
function placeOf(stack: string, toPath: (url: string) => string): Place | undefined {
  for (const text of stack.split('\n')) {
    const [, file, line, column] = frame.exec(text) ?? []
    if (file === undefined || isOwnFrame(text)) continue
    return { path: file.startsWith('file:') ? toPath(file) : file, line: Number(line), column: Number(column) }
  }
  return undefined
}

/** The line of source with a caret below the place, as V8 reports where something was thrown. */
function excerpt(ns: Namespace, { path, line, column }: Place, isThrown: boolean): string | undefined {
  let text: string | undefined
  try {
    text = new TextDecoder().decode(ns.find(slots.fileView)?.read(path)).split(/\r\n|[\n\r\u2028\u2029]/)[line - 1]
  } catch {
    // A stack can name anything.
  }
  if (text === undefined || column > text.length + 1) return undefined
  const before = text.slice(0, column - 1)
  // V8 reports the statement; the stack has the expression after it.
  const start = (isThrown ? /\bthrow\b[^;]*$/.exec(before)?.index : undefined) ?? before.length
  // Tabs stay tabs, so that the caret stands below its column.
  return `${path}:${line}\n${text}\n${text.slice(0, start).replace(/[^\t]/g, ' ')}^\n`
}

/**
 * Says of an uncaught error what Node says when it ends a program: the line of source, a caret, and the error with its
 * stack and properties.
 *
 * @param ns - the guest whose error it is
 * @param error - what was thrown
 * @param options - how to show it
 * @returns the text, without a line break at its end
 * @source Node 24 `src/node_errors.cc`: AppendExceptionLine, ReportFatalException
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { describeUncaught } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'a' })
 * assert.match(describeUncaught(ns, new RangeError('too far')), /RangeError: too far\n {4}at /)
 * assert.match(describeUncaught(ns, 1), /^Uncaught:\n1\n/)
 * ```
 */
export function describeUncaught(ns: Namespace, error: unknown, options: DescribeOptions = {}): string {
  const { colors = false, origin } = options
  const { inspect, types } = originalModule('util')
  if (!types.isNativeError(error) && !(error instanceof Error)) {
    const isObject = (typeof error === 'object' && error !== null) || typeof error === 'function'
    if (isObject) return `Uncaught:\n${inspect(error, { colors, customInspect: false })}`
    const shown = typeof error === 'symbol' ? '' : String(error)
    return `Uncaught:\n${shown}\n(Use \`node --trace-uncaught ...\` to show where the exception was thrown)`
  }
  const stack: unknown = error.stack
  if (typeof stack !== 'string' || stack === '') return `Uncaught:\n${inspect(error, { colors, customInspect: false })}`
  const shown = withoutOwnFrames(inspect(error, { colors, customInspect: false }))
  // What cannot be compiled has its source in its stack.
  const hasSource = !/^[^\n]*Error/.test(stack) && /\n\s*\^+\n/.test(stack)
  if (hasSource) return shown
  const place = placeOf(stack, (url) => originalModule('url').fileURLToPath(url))
  const source = place === undefined ? undefined : excerpt(ns, place, origin !== 'unhandledRejection')
  return source === undefined ? shown : `${source}\n${shown}`
}
