import { spawn } from 'node:child_process'
import process from 'node:process'
import { text } from 'node:stream/consumers'

/** How a script is run. */
export interface RunScriptOptions {
  /** The program. @defaultValue the Node that runs the test */
  readonly command?: string
  readonly cwd?: string
  /** The whole environment. @defaultValue that of the test, without what vitest puts there */
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from its standard input. @defaultValue nothing */
  readonly input?: string
  /** After this time it is killed, and `signal` says so. @defaultValue 30000 @units ms */
  readonly timeoutMs?: number
}

/** How a script ended, and what it wrote. */
export interface ScriptResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end and keeps what it writes. That it fails is a result, not an error.
 *
 * @param args - its arguments; for Node, flags and the script
 * @param options - where and how it runs
 * @returns how it ended
 * @throws {Error} when it cannot be started
 * @example
 * ```ts
 * const { code, stdout } = await runScript(['--import', 'libvisor/register', 'main.js'], { cwd: directory.path })
 * ```
 */
export async function runScript(args: readonly string[], options: RunScriptOptions = {}): Promise<ScriptResult> {
  const { command = process.execPath, cwd, env = ownEnvironment(), input = '', timeoutMs = 30_000 } = options
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  // A program that ends without reading its input is no error of this function.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [ending, stdout, stderr] = await Promise.all([
    new Promise<Pick<ScriptResult, 'code' | 'signal'>>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ code, signal }))
    }),
    text(child.stdout),
    text(child.stderr),
  ])
  return { ...ending, stdout, stderr }
}

/** A child must not take itself for a part of the test run, nor colour what is compared. */
function ownEnvironment(): Record<string, string> {
  const foreign =
    /^(?:VITEST|VITE_|NODE_OPTIONS$|NODE_ENV$|NODE_V8_COVERAGE$|FORCE_COLOR$|TEST$|MODE$|DEV$|PROD$|SSR$|BASE_URL$)/
  const own = Object.entries(process.env).filter(([name, value]) => value !== undefined && !foreign.test(name))
  return { ...(Object.fromEntries(own) as Record<string, string>), NO_COLOR: '1' }
}
