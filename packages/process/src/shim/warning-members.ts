import { requireAlive } from '@libvisor/core'
import { readReportingOptions } from '../state/node-options.ts'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

/** A warning, as programs and Node make them. */
interface Warning extends Error {
  code?: string
  detail?: string
}

/** The switches of `process` that decide what becomes of warnings. Programs set them. */
interface Switches {
  noDeprecation?: boolean
  throwDeprecation?: boolean
  traceDeprecation?: boolean
  traceProcessWarnings?: boolean
}

/** The warnings of a process in a context. */
export interface WarningMembers {
  readonly members: Members
  /** Lets warnings be printed, unless an option says that they are not. */
  listen(): void
}

/**
 * `process.emitWarning()`, and the listener that prints warnings to the guest's stderr.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 * @source Node 24 `lib/internal/process/warning.js`
 */
export function warningMembers(context: MemberContext): WarningMembers {
  const { ns, argument, process, state } = context
  const options = readReportingOptions(state.execArgv, state.env)
  const switches = process as NodeJS.Process & Switches
  const { Error: GuestError } = ns.intrinsics
  let hintShown = false

  const isError = (value: unknown): value is Warning =>
    value instanceof GuestError || value instanceof Error || context.module('util').types.isNativeError(value)

  const make = (message: string, type: unknown, code: unknown, skip: unknown, detail: unknown): Warning => {
    const warning = new GuestError(message) as Warning
    warning.name = String(type || 'Warning')
    if (code !== undefined) warning.code = code as string
    if (detail !== undefined) warning.detail = detail as string
    GuestError.captureStackTrace(warning, (skip ?? process.emitWarning) as () => void)
    return warning
  }

  const print = (warning: unknown): void => {
    const { code, name } = (warning ?? {}) as { code?: string; name?: string }
    if (options.disabledWarnings.has(code ?? '') || options.disabledWarnings.has(name ?? '')) return
    if (!isError(warning)) return
    const isDeprecation = warning.name === 'DeprecationWarning'
    if (isDeprecation && switches.noDeprecation) return
    const isTraced = switches.traceProcessWarnings || (isDeprecation && switches.traceDeprecation)
    let text = `(${process.release.name}:${process.pid}) `
    if (warning.code) text += `[${warning.code}] `
    if (isTraced && warning.stack) text += warning.stack
    else
      text += typeof warning.toString === 'function' ? `${warning.toString()}` : `${warning.name}: ${warning.message}`
    if (typeof warning.detail === 'string') text += `\n${warning.detail}`
    if (!isTraced && !hintShown) {
      hintShown = true
      const flag = isDeprecation ? '--trace-deprecation' : '--trace-warnings'
      const executable = context.module('path').basename(process.argv0 || 'node', '.exe')
      text += `\n(Use \`${executable} ${flag} ...\` to show where the warning was created)`
    }
    process.stderr.write(`${text}\n`)
  }

  const emit = (warning: unknown): void => void process.emit('warning', warning as Error)

  const members: Members = {
    ...methods({
      emitWarning(warning: unknown, type?: unknown, code?: unknown, ctor?: unknown): void {
        requireAlive(ns)
        if (switches.noDeprecation && type === 'DeprecationWarning') return
        let detail: unknown
        let skip = ctor
        let kind = type
        let id = code
        if (type !== null && typeof type === 'object' && !Array.isArray(type)) {
          const given = type as { ctor?: unknown; code?: unknown; detail?: unknown; type?: unknown }
          skip = given.ctor
          id = given.code
          if (typeof given.detail === 'string') detail = given.detail
          kind = given.type || 'Warning'
        } else if (typeof type === 'function') {
          skip = type
          id = undefined
          kind = 'Warning'
        }
        if (kind !== undefined && typeof kind !== 'string') throw argument.type('type', 'of type string', kind)
        if (typeof id === 'function') {
          skip = id
          id = undefined
        } else if (id !== undefined && typeof id !== 'string') throw argument.type('code', 'of type string', id)
        if (typeof warning !== 'string' && !isError(warning)) {
          throw argument.type('warning', 'of type string or an instance of Error', warning)
        }
        report(typeof warning === 'string' ? make(warning, kind, id, skip, detail) : warning)
      },
    }),
    ...switchMembers(options),
  }

  /** What becomes of a warning, whoever has made it. */
  function report(warning: Warning): void {
    // The guest's own, which stops with the guest.
    const { nextTick } = process
    if (warning.name === 'DeprecationWarning') {
      if (switches.noDeprecation) return
      if (switches.throwDeprecation) {
        nextTick(() => {
          throw warning
        })
        return
      }
    }
    nextTick(emit, warning)
  }

  reporters.set(process, { report, emit })
  return {
    members,
    listen() {
      if (options.warnings) process.on('warning', print)
    },
  }
}

const reporters = new WeakMap<object, { report(warning: Warning): void; emit(warning: unknown): void }>()

/**
 * Hands a warning of Node's own to the guest in whose context it was made.
 *
 * @param process - of the guest
 * @param warning - what Node has emitted on its own `process`
 */
export function takeWarning(process: NodeJS.Process, warning: unknown): void {
  const { name } = (warning ?? {}) as { name?: unknown }
  const reporter = reporters.get(process)
  // Node has waited for a tick already.
  if (name === 'DeprecationWarning') reporter?.report(warning as Warning)
  else reporter?.emit(warning)
}

/** The switches that options have set. Without an option there is no property. */
function switchMembers(options: ReturnType<typeof readReportingOptions>): Members {
  const on: PropertyDescriptor = { value: true, writable: true, enumerable: true, configurable: true }
  return {
    ...(options.deprecation ? {} : { noDeprecation: on }),
    ...(options.throwDeprecation ? { throwDeprecation: { ...on } } : {}),
    ...(options.traceDeprecation ? { traceDeprecation: { ...on } } : {}),
    ...(options.traceWarnings ? { traceProcessWarnings: { ...on } } : {}),
  }
}
