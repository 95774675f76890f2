import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Command } from './command.ts'
import type { Outcome, Result } from './results.ts'
import type { TestFile } from './suite.ts'

/** How a test file is run. */
export interface RunTestOptions {
  readonly command: Command
  /** The folder of the suite: the working directory. */
  readonly suite: string
  /** A folder for temporary files, which must exist. */
  readonly temporary: string
  /** Tells runs apart: each has temporary files of its own. */
  readonly serial: number
  /** @units milliseconds */
  readonly timeoutMs: number
  /** Ends the test. */
  readonly signal?: AbortSignal
}

/** How much of its output is kept. @units bytes */
const keptOutput = 256 * 1024

/** What a test prints that skips itself. */
const skipped = /^1\.\.0 # Skipped/m

/** Lines that are likely to say why a test failed. */
const telling = /Error|error|ERR_|Mismatch|assert/

/**
 * Runs a test file in a process group of its own, and leaves nothing of the group behind.
 *
 * @param test - the file
 * @param options - the command, the time it has, and where it writes
 * @returns how it ended; a command that cannot be started is a failed test
 */
export async function runTest(test: TestFile, options: RunTestOptions): Promise<Result> {
  if (test.isInternal) return { file: test.name, outcome: 'internal', seconds: 0, message: '' }
  const [executable, ...args] = options.command.line(test, options.temporary)
  const start = performance.now()
  const child = spawn(executable, args, {
    cwd: options.suite,
    env: environment(test, options),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = collectOutput(child)
  const end = await ending(child, options)
  const seconds = (performance.now() - start) / 1000
  const text = output()
  const outcome: Outcome =
    end === 'timeout' ? 'timeout' : end !== 'exit 0' ? 'fail' : skipped.test(text) ? 'skip' : 'pass'
  return { file: test.name, outcome, seconds, message: outcome === 'fail' ? messageOf(text, end) : '' }
}

/** The caller's environment, without what would change how Node starts. */
function environment(test: TestFile, { temporary, serial }: RunTestOptions): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env
  const id = String(serial)
  return { ...env, NODE_TEST_DIR: temporary, TEST_SERIAL_ID: id, TEST_THREAD_ID: id, ...test.env }
}

/** Keeps the last part of what a child writes to its standard output and error. */
function collectOutput(child: ChildProcess): () => string {
  const chunks: Buffer[] = []
  let size = 0
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk)
    size += chunk.length
    while (size - (chunks[0]?.length ?? 0) > keptOutput) size -= chunks.shift()?.length ?? 0
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => Buffer.concat(chunks).toString()
}

/** Waits until a child has ended and its output is read; kills its group at the end, or when its time is over. */
function ending(child: ChildProcess, { timeoutMs, signal: abort }: RunTestOptions): Promise<string> {
  return new Promise((resolve) => {
    let end: string | undefined
    const stop = (reason: string): void => {
      end = reason
      killGroup(child)
    }
    const interrupt = (): void => stop('interrupted')
    const timer = setTimeout(() => stop('timeout'), timeoutMs)
    abort?.addEventListener('abort', interrupt)
    child.once('exit', (code, signal) => {
      end ??= signal === null ? `exit ${code}` : `killed by ${signal}`
      // Children of the test may have left the group's leader behind, and hold its output open.
      killGroup(child)
    })
    child.once('error', (error) => {
      end = error.message
      if (child.pid === undefined) finish()
    })
    child.once('close', finish)

    function finish(): void {
      clearTimeout(timer)
      abort?.removeEventListener('abort', interrupt)
      resolve(end ?? 'closed')
    }
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function messageOf(output: string, end: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const line = lines.find((line) => telling.test(line) && !isSourceLine(line))
  return (line ?? `${end} ${output.trim().slice(-160)}`).slice(0, 200)
}

/** Node prints where an error was thrown, and the line, before the error itself. */
function isSourceLine(line: string): boolean {
  return /^(?:throw |const |let |return |at |✔ |(?:node|file):\S*:\d+$)/.test(line)
}
