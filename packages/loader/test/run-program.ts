/** Runs a program natively, from a tree on disk, and again from memory, when nothing of the tree is on disk any more. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { MemoryRealmOptions } from './memory-realm.ts'

/** A program, by paths relative to where it is put. */
export interface Program {
  readonly files: Readonly<Record<string, string>>
  readonly entry: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** What a run printed. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly status: number | null
}

/** Both runs. The root of the tree stands as `§` in what they printed. */
export interface Outcomes {
  readonly native: Outcome
  readonly memory: Outcome
}

function run(args: readonly string[], root: string, env: Readonly<Record<string, string>> = {}): Outcome {
  const result = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', NODE_NO_WARNINGS: '', ...env },
  })
  const clean = (text: string): string => text.replaceAll(root, '§').replaceAll(/\(node:\d+\)/g, '(node)')
  return { stdout: clean(result.stdout), stderr: clean(result.stderr), status: result.status }
}

/** What runs a program from memory. */
export interface Runner {
  /** A script that takes options, the entry and its arguments. */
  readonly realm: string
  readonly nodeOptions: readonly string[]
}

const ownRealm: Runner = { realm: join(import.meta.dirname, 'memory-realm.ts'), nodeOptions: [] }

/** Runs a program both ways. */
export function runBoth(program: Program, options: MemoryRealmOptions = {}, runner: Runner = ownRealm): Outcomes {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'libvisor-program-')))
  const { files, entry, args = [], env } = program
  const list = `${root}.json`
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    const native = run([join(root, entry), ...args], root, env)
    rmSync(root, { recursive: true })
    const tree = Object.fromEntries(Object.entries(files).map(([path, content]) => [join(root, path), content]))
    writeFileSync(list, JSON.stringify(tree))
    const settings = JSON.stringify({ tree: list, ...options })
    const memory = run([...runner.nodeOptions, runner.realm, settings, join(root, entry), ...args], root, env)
    return { native, memory }
  } finally {
    rmSync(root, { recursive: true, force: true })
    rmSync(list, { force: true })
  }
}
