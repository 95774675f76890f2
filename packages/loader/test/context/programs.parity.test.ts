import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commonJs, entries, esm, failures, mixed, typeScript } from '../programs.ts'
import { brokenMaps, modules, patchedModule, realms, requireModule, sourceMaps, sources } from './programs.ts'
import { runBoth } from '../run-program.ts'
import type { Outcome, Program } from '../run-program.ts'

const realm = join(import.meta.dirname, 'context-realm.ts')
const nodeOptions = ['--experimental-vm-modules']

/** Frames of Node's own, and of what started the context, are not the program's. */
const withoutFrames = ({ stdout, stderr, status }: Outcome): Outcome => ({
  status,
  stdout: shown(stdout),
  stderr: shown(stderr),
})

// The realm furnishes `vm`; what becomes of a program that never settles is the lifecycle's.
const withoutVm = ({ files, ...program }: Program): Program => ({
  ...program,
  files: Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text.replaceAll(/^.*\bvm\..*\n/gm, '')]),
  ),
})
const { 'top-level await that never settles': _unsettled, ...settled } = entries

/** Node's warning about its modules of contexts, and the line of what rethrows the program's error, are not the program's. */
const shown = (text: string): string =>
  text
    .replaceAll(/^.*VM Modules is an experimental feature.*\n|^\(Use `node --trace-warnings.*\n/gm, '')
    .replaceAll(/\n {4}at .*/g, '')
    .replaceAll(/loader:\d+:\d+/g, 'loader')
    .replace(/^\S+:\d+\n.*\n.*\^\n+(?=[A-Z]\w*Error)/, '')

describe('a program in a context prints what it prints natively', () => {
  const programs = {
    CommonJS: commonJs,
    ESM: esm,
    'CommonJS and ESM across each other': withoutVm(mixed),
    TypeScript: typeScript,
    ...settled,
    ...failures,
    'programs that change Module': patchedModule,
    'programs that change maps': brokenMaps,
    'require of ES modules': requireModule,
    'order, cycles, errors and identity of ES modules': modules,
    'to which realm things belong': realms,
    'sources of every kind': sources,
    'stacks with source maps': sourceMaps,
  }
  for (const [name, program] of Object.entries(programs)) {
    test(name, { timeout: 120_000 }, () => {
      const { native, memory } = runBoth(program, {}, { realm, nodeOptions })
      expect(withoutFrames(memory)).toEqual(withoutFrames(native))
      expect(native.stdout + native.stderr).not.toBe('')
    })
  }
})
