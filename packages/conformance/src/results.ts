import { readFileSync } from 'node:fs'

/**
 * How a test file ended. `internal`: it was left out, because it tests Node's inside (`--expose-internals`) and not
 * its interface.
 */
export type Outcome = 'fail' | 'internal' | 'pass' | 'skip' | 'timeout'

const outcomes: ReadonlySet<string> = new Set(['fail', 'internal', 'pass', 'skip', 'timeout'] satisfies Outcome[])

/** What one run of one test file gave. */
export interface Result {
  /** Name of the file, without its folder. */
  readonly file: string
  readonly outcome: Outcome
  /** @units seconds */
  readonly seconds: number
  /** What its output says about a failure, in one line. */
  readonly message: string
}

/** Results by file. */
export type Results = ReadonlyMap<string, Result>

/**
 * Reads results from text: a line for each file, with its name, its outcome and, where known, seconds and message,
 * separated by tabs.
 *
 * @throws {SyntaxError} when a line is no result
 */
export function parseResults(text: string): Results {
  const results = new Map<string, Result>()
  for (const line of dataLines(text)) {
    const [file = '', outcome = '', seconds = '0', message = ''] = line.split('\t')
    if (!outcomes.has(outcome)) throw new SyntaxError(`No result: '${line}'`)
    results.set(file, { file, outcome: outcome as Outcome, seconds: Number(seconds), message })
  }
  return results
}

/** The line of a result, as {@link parseResults} reads it. */
export function formatResult({ file, outcome, seconds, message }: Result): string {
  return [file, outcome, seconds.toFixed(2), message.replaceAll(/\s+/g, ' ')].join('\t').trimEnd()
}

/** Reads results from a file. */
export function readResults(path: string): Results {
  return parseResults(readFileSync(path, 'utf8'))
}

/** The lines of a table that are neither empty nor comments. */
export function dataLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
}
