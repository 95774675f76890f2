import { readFileSync } from 'node:fs'
import { dataLines } from './results.ts'

/**
 * Why a test is known to fail.
 *
 * - `needs-children`: it starts processes, which a guest does not have yet.
 * - `needs-workers`: it needs more of a Worker than a guest's Workers do yet.
 * - `needs-raw-handles`: it takes or gives native handles, which a guest never gets.
 * - `tests-node-internals`: it asserts on what is below the interface: bindings, handles, exact internal steps.
 * - `denied-api`: it uses an API that the support table denies, or lists as the host's.
 * - `shared-builtins`: in a context, Node's own code is one for all guests of a thread: it sees neither what a guest assigns to
 *   the exports of a built-in, nor what is set on its process, and its functions and errors belong to another realm.
 * - `host-environment`: it needs what its host has (a tty, a name server, root), natively and not in a guest.
 * - `timing`: it passes or fails with the load of the machine. Passing is not unexpected.
 * - `not-yet`: it should pass. The text says what is missing.
 */
export const reasonKinds = [
  'needs-children',
  'needs-workers',
  'needs-raw-handles',
  'tests-node-internals',
  'denied-api',
  'shared-builtins',
  'host-environment',
  'timing',
  'not-yet',
] as const

/** One of the fixed kinds of reasons. */
export type ReasonKind = (typeof reasonKinds)[number]

/** A test that is known to fail, and why. */
export interface KnownFailure {
  readonly file: string
  readonly kind: ReasonKind
  /** What exactly; required for `not-yet`. */
  readonly text: string
}

/** Known failures by file. */
export type KnownFailures = ReadonlyMap<string, KnownFailure>

/**
 * Reads known failures from text: a line for each file, with its name, the kind of the reason and a text, separated by
 * tabs. Lines that begin with `#` are comments.
 *
 * @throws {SyntaxError} when a reason is of no known kind, a `not-yet` says nothing more, or a file stands there twice
 */
export function parseKnownFailures(text: string): KnownFailures {
  const failures = new Map<string, KnownFailure>()
  for (const line of dataLines(text)) {
    const [file = '', kind = '', reason = ''] = line.split('\t').map((cell) => cell.trim())
    if (!isReasonKind(kind)) throw new SyntaxError(`'${kind}' of ${file} is none of ${reasonKinds.join(', ')}`)
    if (kind === 'not-yet' && reason === '') throw new SyntaxError(`${file} is not-yet: say what is missing`)
    if (failures.has(file)) throw new SyntaxError(`${file} stands there twice`)
    failures.set(file, { file, kind, text: reason })
  }
  return failures
}

/** Reads known failures from a file. */
export function readKnownFailures(path: string): KnownFailures {
  return parseKnownFailures(readFileSync(path, 'utf8'))
}

function isReasonKind(kind: string): kind is ReasonKind {
  return (reasonKinds as readonly string[]).includes(kind)
}
