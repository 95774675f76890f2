import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript, temporaryDirectory } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))
const require = createRequire(import.meta.url)

/** A file of a published package, which is found by its manifest. */
const fileOf = (manifest: string, file: string): string => join(dirname(manifest), file)

const project = {
  'package.json': JSON.stringify({ name: 'project', version: '1.2.3', type: 'module', files: ['src'] }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      outDir: 'out',
      module: 'nodenext',
      target: 'es2022',
      declaration: true,
      strict: true,
      types: [],
    },
    include: ['src'],
  }),
  'src/shape.ts':
    'export interface Shape { readonly area: number }\nexport const square = (side: number): Shape => ({ area: side ** 2 })\n',
  'src/main.ts': "import { square } from './shape.js'\nexport const total: number = square(2).area + square(3).area\n",
  'src/wrong.ts': "import { square } from './shape.js'\nexport const wrong: string = square(2).area\n",
}

/** Runs an unmodified program natively and in a guest, in two copies of one project. */
async function both(program: readonly string[]) {
  using native = temporaryDirectory(project)
  using virtual = temporaryDirectory(project)
  const before = virtual.list()
  const plain = await runScript(program, { cwd: native.path })
  const guest = await runScript(['--', visor, 'run', ...program], { cwd: virtual.path })
  const comparable = (text: string, path: string): string => text.replaceAll(path, '<cwd>')
  return {
    native: { ...plain, stdout: comparable(plain.stdout, native.path), stderr: comparable(plain.stderr, native.path) },
    guest: { ...guest, stdout: comparable(guest.stdout, virtual.path), stderr: comparable(guest.stderr, virtual.path) },
    nativeWrote: native.list().length > before.length,
    guestWrote: virtual.list().length > before.length,
  }
}

describe('an unmodified program from npm prints in a guest what it prints natively, and leaves the disk alone', () => {
  it('TypeScript 5.9: tsc -p', async () => {
    const { native, guest, nativeWrote, guestWrote } = await both([
      fileOf(require.resolve('typescript-5/package.json'), 'bin/tsc'),
      '-p',
      '.',
      '--listEmittedFiles',
      '--pretty',
      'false',
    ])
    expect(guest).toEqual(native)
    expect(guest.stdout).toContain('out/main.js')
    expect(guest.stdout).toContain('error TS2322')
    expect({ nativeWrote, guestWrote }).toEqual({ nativeWrote: true, guestWrote: false })
  })

  it('npm 11, a large CommonJS program: npm pack --dry-run', async () => {
    const { native, guest } = await both([
      fileOf(require.resolve('npm/package.json'), 'bin/npm-cli.js'),
      'pack',
      '--dry-run',
      '--offline',
    ])
    expect(guest).toEqual(native)
    expect(guest.stdout).toBe('project-1.2.3.tgz\n')
    expect(guest.stderr).toContain('src/main.ts')
  })

  it('chalk-cli 6, which is ESM only', async () => {
    const { native, guest } = await both([
      fileOf(require.resolve('chalk-cli/package.json'), 'cli.js'),
      'red',
      'bold',
      'hello',
    ])
    expect(guest).toEqual(native)
    expect(guest.stdout).toContain('hello')
  })
})
