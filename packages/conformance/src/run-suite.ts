import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Command } from './command.ts'
import type { Result, Results } from './results.ts'
import { runTest } from './run-test.ts'
import { readTest } from './suite.ts'

/** How test files are run. */
export interface RunSuiteOptions {
  readonly suite: string
  readonly command: Command
  /** Names of the files. */
  readonly files: readonly string[]
  /** How many run at the same time. */
  readonly jobs: number
  /** How long each of them may take. @units milliseconds */
  readonly timeoutMs: number
  /** How often a file that did not pass runs again, by itself, after all others. */
  readonly retries: number
  /** Ends the run: the tests that are running, and the rest is not begun. */
  readonly signal: AbortSignal
  /** Called with each result as it comes; a later one for the same file replaces the earlier. */
  readonly onResult?: (result: Result) => void
}

/**
 * Runs test files, several at a time, each with temporary files of its own.
 *
 * @returns the last result of each file; of some only, where the run was ended
 */
export async function runSuite(options: RunSuiteOptions): Promise<Results> {
  const { suite, command, files, jobs, timeoutMs, retries, signal, onResult } = options
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'conformance-'))
  const results = new Map<string, Result>()
  let serial = 0

  const runOne = async (file: string): Promise<void> => {
    if (signal.aborted) return
    const test = readTest(suite, file)
    const result = await runTest(test, { command, suite, temporary, serial: ++serial, timeoutMs, signal })
    if (signal.aborted) return
    results.set(file, result)
    onResult?.(result)
  }

  try {
    await inParallel(files, jobs, runOne)
    for (let round = 0; round < retries; round++) {
      const again = files.filter((file) => isUnlucky(results.get(file)))
      await inParallel(again, 1, runOne)
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 })
  }
  return results
}

function isUnlucky(result: Result | undefined): boolean {
  return result?.outcome === 'fail' || result?.outcome === 'timeout'
}

/** Calls a function for each item, for so many at a time. */
async function inParallel<T>(items: readonly T[], limit: number, run: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await run(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}
