import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runScript } from '@libvisor/testkit'

const libvisor = fileURLToPath(new URL('../../libvisor', import.meta.url))
const register = path.join(libvisor, 'dist', 'register.js')

/** The path of a program that is measured. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../programs/${name}`, import.meta.url))
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
  if (fs.existsSync(register)) return
  console.error('packages/libvisor/dist is missing: what is published is measured, so run `pnpm build` first.')
  process.exit(2)
}

/** Loads libvisor, as it is published. */
export async function libvisorBuild(): Promise<typeof import('libvisor')> {
  return (await import(pathToFileURL(path.join(libvisor, 'dist', 'index.js')).href)) as typeof import('libvisor')
}

/** Runs Node to its end, and gives what it printed; it must not fail. */
export async function output(args: readonly string[]): Promise<string> {
  const { code, signal, stdout, stderr } = await runScript(args)
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${signal ?? code}:\n${stdout}${stderr}`)
  return stdout
}
