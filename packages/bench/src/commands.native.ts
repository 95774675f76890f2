import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { libvisor } from './libvisor-build.native.ts'

const register = path.join(libvisor, 'dist', 'register.js')

/** The path of a program that is measured. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}`, import.meta.url))
}

/**
 * The path of a process that hosts guests, as JavaScript: the memory of Node's compiler for TypeScript is not to be counted as theirs.
 *
 * @param name - of its source below `src`, without an ending
 */
export function builtHost(name: string): string {
  return fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url))
}

/** The arguments with which Node preloads libvisor, as it is published. */
export function preloaded(...args: readonly string[]): readonly string[] {
  return ['--import', pathToFileURL(register).href, ...args]
}

/** The arguments with which Node runs `visor run`, as it is published. */
export function visorRun(...args: readonly string[]): readonly string[] {
  return [path.join(libvisor, 'dist', 'cli.js'), 'run', ...args]
}

/** Ends the benchmark when libvisor has not been built: the sources would be measured instead. */
export function requireBuild(): void {
  if (fs.existsSync(register) && fs.existsSync(builtHost('density/soak-host'))) return
  console.error('packages/*/dist is missing: what is published is measured, so run `pnpm build` first.')
  process.exit(2)
}

/** Runs Node to its end, and gives what it printed; it must not fail. */
export async function output(args: readonly string[]): Promise<string> {
  const { code, signal, stdout, stderr } = await runScript(args)
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${signal ?? code}:\n${stdout}${stderr}`)
  return stdout
}
