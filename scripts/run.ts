import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { root } from './workspace.ts'

/** How a tool is started. */
export interface RunOptions {
  /** @defaultValue the repository's top level */
  readonly cwd?: string
  /** Variables on top of this process's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether to pass the output through; otherwise it is only collected. @defaultValue true */
  readonly show?: boolean
}

/** How a tool ended. */
export interface RunResult {
  readonly code: number
  /** What it wrote to its standard output and its standard error, as it came. */
  readonly output: string
}

const bin = path.join(root, 'node_modules', '.bin')

/** Runs a command with the workspace's tools and this Node first on the PATH. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd = root, env = {}, show = true } = options
  return new Promise((resolve, reject) => {
    const PATH = [path.dirname(process.execPath), bin, process.env['PATH']].join(path.delimiter)
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    let output = ''
    const collect = (chunk: string): void => {
      output += chunk
      if (show) process.stdout.write(chunk)
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}\n`
      resolve({ code: code ?? 1, output })
    })
  })
}

/** Runs one of the workspace's tools; ends this process with its code when it fails. */
export async function runTool(tool: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const { code } = await run(path.resolve(bin, tool), args, options)
  if (code !== 0) process.exit(code)
}

/** Runs pnpm in the version that the workspace uses. */
export function pnpm(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run('npx', ['--yes', 'pnpm@12.21.0', ...args], options)
}
