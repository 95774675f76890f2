import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import type { FileTree, ScriptResult } from '@libvisor/testkit'

const main = path.join(import.meta.dirname, '../src/main.ts')

/** A suite folder with these test files. */
function suiteOf(files: Readonly<Record<string, string>>): string {
  const tree: FileTree = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`test/parallel/${name}`, text]),
  )
  const directory = temporaryDirectory({ ...tree, 'test/common/index.js': '' })
  onTestFinished(() => directory[Symbol.dispose]())
  return directory.path
}

/** A file with a text, outside of the suite. */
function fileWith(text: string): string {
  const directory = temporaryDirectory({ file: text })
  onTestFinished(() => directory[Symbol.dispose]())
  return path.join(directory.path, 'file')
}

/** Whether a process is there that does not merely wait for its parent to notice its end. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function conformance(...args: string[]): Promise<ScriptResult> {
  return runScript([main, ...args])
}

/** Runs a suite without comparing, and gives the outcome of each file. */
async function outcomes(suite: string, ...args: string[]): Promise<Record<string, string>> {
  const out = fileWith('')
  const { code, stderr } = await conformance(
    ...['run', '--suite', suite, '--command', process.execPath, '--baseline', 'none', '--out', out, ...args],
  )
  expect([code, stderr]).toEqual([0, expect.anything()])
  const lines = readFileSync(out, 'utf8').trim().split('\n')
  return Object.fromEntries(lines.map((line) => line.split('\t').slice(0, 2) as [string, string]))
}

describe('a run', () => {
  test('tells passed, failed, skipped, left out and too slow files apart', async () => {
    const suite = suiteOf({
      'test-fs-a.js': '',
      'test-fs-b.mjs': 'import assert from "node:assert"; assert.equal(1, 2)',
      'test-fs-c.js': 'console.log("1..0 # Skipped: no reason"); process.exit(0)',
      'test-fs-d.js': '// Flags: --expose-internals\nthrow new Error("not reached")',
      'test-fs-e.js': 'setInterval(() => {}, 1000)',
      'helper.js': 'throw new Error("no test")',
    })
    expect(await outcomes(suite, '--timeout', '2', '--retries', '0')).toEqual({
      'test-fs-a.js': 'pass',
      'test-fs-b.mjs': 'fail',
      'test-fs-c.js': 'skip',
      'test-fs-d.js': 'internal',
      'test-fs-e.js': 'timeout',
    })
  })

  test('gives a test its flags, its environment and a folder of its own for temporary files', async () => {
    const suite = suiteOf({
      'test-fs-a.js': `// Flags: --expose-gc --no-warnings\n// Env: A=1 B=x=y
        const assert = require('node:assert')
        const fs = require('node:fs')
        assert.equal(typeof gc, 'function')
        assert.deepEqual(process.execArgv, ['--expose-gc', '--no-warnings'])
        assert.equal(process.env.B, 'x=y')
        assert.ok(fs.statSync(process.env.NODE_TEST_DIR).isDirectory())
        assert.match(process.env.TEST_THREAD_ID, /^\\d+$/)
        assert.equal(process.cwd(), fs.realpathSync(require('node:path').join(__dirname, '../..')))`,
    })
    expect(await outcomes(suite)).toEqual({ 'test-fs-a.js': 'pass' })
  })

  test('leaves no process and no temporary file behind', async () => {
    using temporary = temporaryDirectory()
    const suite = suiteOf({
      'test-child-process-a.js': `const { spawn } = require('node:child_process')
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
        require('node:fs').writeFileSync(process.env.NODE_TEST_DIR + '/left', '')
        console.error('error: child ' + child.pid)
        process.exit(1)`,
    })
    const out = fileWith('')
    const args = ['run', '--suite', suite, '--command', process.execPath, '--baseline', 'none', '--retries', '0']
    await runScript([main, ...args, '--out', out], { env: { TMPDIR: temporary.path } })
    const pid = Number(/\tfail\t.*child (\d+)/.exec(readFileSync(out, 'utf8'))?.[1])
    expect([pid, isRunning(pid)]).toEqual([expect.any(Number), false])
    expect(readdirSync(temporary.path)).toEqual([])
  })

  test('ends its tests when it is interrupted', async () => {
    using temporary = temporaryDirectory()
    const suite = suiteOf({
      'test-fs-a.js': `require('node:fs').writeFileSync(${JSON.stringify(temporary.resolve('pid'))}, String(process.pid))
        setInterval(() => {}, 1000)`,
    })
    const args = ['run', '--suite', suite, '--command', process.execPath, '--baseline', 'none']
    const child = spawn(process.execPath, [main, ...args], { env: { TMPDIR: temporary.path }, stdio: 'ignore' })
    await expect.poll(() => temporary.list().includes('pid'), { timeout: 20_000 }).toBe(true)
    child.kill('SIGINT')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(130)
    expect(isRunning(Number(readFileSync(temporary.resolve('pid'), 'utf8')))).toBe(false)
    expect(temporary.list()).toEqual(['pid'])
  })

  test('runs a failed test again, alone', async () => {
    const mark = fileWith('')
    const suite = suiteOf({
      'test-fs-a.js': `const fs = require('node:fs')
        if (fs.readFileSync(${JSON.stringify(mark)}, 'utf8') === '') {
          fs.writeFileSync(${JSON.stringify(mark)}, 'once')
          throw new Error('unlucky')
        }`,
    })
    expect(await outcomes(suite, '--retries', '1')).toEqual({ 'test-fs-a.js': 'pass' })
  })

  test('runs the areas and the beginnings of names that are asked for', async () => {
    const suite = suiteOf({ 'test-fs-a.js': '', 'test-tcp-a.js': '', 'test-dns-a.js': '', 'test-vm-a.js': '' })
    expect(Object.keys(await outcomes(suite, '--only', 'net,vm-a'))).toEqual(['test-tcp-a.js', 'test-vm-a.js'])
  })

  test('goes on where an earlier one ended', async () => {
    const suite = suiteOf({ 'test-fs-a.js': 'process.exitCode = 1', 'test-fs-b.js': '' })
    const out = fileWith('test-fs-a.js\tpass\t1.00\n')
    const { stdout } = await conformance(
      ...['run', '--suite', suite, '--command', process.execPath, '--baseline', 'none', '--out', out, '--resume'],
    )
    expect(stdout).toBe('pass\t2\n')
  })

  test('takes a command with places for flags and file', async () => {
    const suite = suiteOf({
      'test-fs-a.js':
        '// Flags: --no-warnings\nif (process.argv[2] !== "a b" || process.execArgv.length !== 1) process.exit(1)',
    })
    const command = `'${process.execPath}' {flags} {file} "a b"`
    expect(await outcomes(suite, '--command', command)).toEqual({ 'test-fs-a.js': 'pass' })
  })

  test('takes a command that names the folder for temporary files', async () => {
    const suite = suiteOf({
      'test-fs-a.js':
        'const { NODE_TEST_DIR: dir } = process.env; if (process.argv[2] !== `${dir}:${dir}`) process.exit(1)',
    })
    const command = `'${process.execPath}' {flags} {file} {temporary}:{temporary}`
    expect(await outcomes(suite, '--command', command)).toEqual({ 'test-fs-a.js': 'pass' })
  })
})

describe('a comparison', () => {
  const suite = (): string =>
    suiteOf({
      'test-fs-good.js': '',
      'test-fs-bad.js': 'throw new Error("broken")',
      'test-net-native-bad.js': 'throw 1',
    })
  const native = 'test-fs-good.js\tpass\ntest-fs-bad.js\tpass\ntest-net-native-bad.js\tfail\n'
  const run = (known: string, ...args: string[]): Promise<ScriptResult> =>
    conformance(
      ...['run', '--suite', suite(), '--command', process.execPath, '--retries', '0'],
      ...['--baseline', fileWith(native), '--known', fileWith(known), ...args],
    )

  test('fails for a failure that is not listed, and says what it says', async () => {
    const { code, stdout, stderr } = await run('')
    expect(code).toBe(1)
    expect(stdout).toMatch(/\| fs +\| +2 \| +1 \| +0 \| +1 \| +50\.0 % \|/)
    expect(stderr).toContain('1 fail that should pass:\n  1 × Error: broken\n      test-fs-bad.js')
  })

  test('succeeds when every failure is listed', async () => {
    const { code, stdout } = await run('test-fs-bad.js\tnot-yet\tthe error\n')
    expect(code).toBe(0)
    expect(stdout).toMatch(/\| \*\*all\*\* +\| +\*\*2\*\* \| +\*\*1\*\* \| +\*\*1\*\* \| +\*\*0\*\* \|/)
  })

  test('fails for a listed failure that passes', async () => {
    const { code, stderr } = await run('test-fs-bad.js\tneeds-workers\ntest-fs-good.js\tneeds-children\n')
    expect(code).toBe(1)
    expect(stderr).toContain('1 pass that are listed as known failures; take them off the list:\n  test-fs-good.js')
  })

  test('lets a listed failure pass whose reason is timing', async () => {
    expect((await run('test-fs-bad.js\tneeds-workers\ntest-fs-good.js\ttiming\n')).code).toBe(0)
  })

  test('fails for a listed failure that does not even pass natively', async () => {
    const { code, stderr } = await run('test-fs-bad.js\tneeds-workers\ntest-net-native-bad.js\tneeds-children\n')
    expect(code).toBe(1)
    expect(stderr).toContain('do not pass natively:\n  test-net-native-bad.js')
  })

  test('can be made again from what a run wrote', async () => {
    const results = fileWith('test-fs-good.js\tpass\t0.10\ntest-fs-bad.js\tfail\t0.20\tError: broken\n')
    const { code, stdout } = await conformance('table', results, '--baseline', fileWith(native), '--format', 'tsv')
    expect(code).toBe(0)
    expect(stdout).toBe(
      'area\tnative\tpassed\tknown\tunexpected\trate\nfs\t2\t1\t0\t1\t50.0 %\nall\t2\t1\t0\t1\t50.0 %\n',
    )
    expect((await conformance('compare', results, '--baseline', fileWith(native))).code).toBe(1)
  })
})

describe('plain files', () => {
  const traits = 'test-fs-a.js\ntest-fs-b.js\tchildren\ntest-vm-a.js\tflags\ntest-tls-a.js\n'
  const suite = (): string =>
    suiteOf({ 'test-fs-a.js': '', 'test-fs-b.js': '', 'test-vm-a.js': '', 'test-tls-a.js': '', 'test-fs-new.js': '' })

  test('are those of the plain areas that are known to need no flags', async () => {
    expect(Object.keys(await outcomes(suite(), '--plain', '--traits', fileWith(traits)))).toEqual([
      'test-fs-a.js',
      'test-fs-b.js',
    ])
  })

  test('that start children are counted apart, whether they pass or not', async () => {
    const results = 'test-fs-a.js\tpass\ntest-fs-b.js\tfail\ntest-vm-a.js\tpass\ntest-tls-a.js\tpass\n'
    const { code, stdout } = await conformance(
      ...['table', fileWith(results), '--baseline', fileWith(results.replace('fail', 'pass')), '--format', 'tsv'],
      ...['--plain', '--traits', fileWith(traits)],
    )
    expect([code, stdout]).toEqual([
      0,
      'area\tnative\tapart\tpassed\tknown\tunexpected\trate\nfs\t2\t1\t1\t0\t0\t100.0 %\nall\t2\t1\t1\t0\t0\t100.0 %\n',
    ])
  })

  test('are told from the text of the files', async () => {
    const { stdout } = await conformance(
      ...['traits', '--suite'],
      suiteOf({
        'test-fs-a.js': "// reads\nrequire('fs')",
        'test-fs-b.js': "// Flags: --expose-gc\nrequire('node:child_process')",
        'test-fs-c.mjs': "import { spawnPromisified } from '../common/index.mjs'",
        'test-fs-d.js': '// a cluster of files\n  // Flags: none',
      }),
    )
    expect(stdout).toBe('test-fs-a.js\ntest-fs-b.js\tchildren\tflags\ntest-fs-c.mjs\tchildren\ntest-fs-d.js\n')
  })
})

test('a table can be put into a section of a document', async () => {
  const document = fileWith('before\n<!-- begin register -->\nold\n<!-- end register -->\nafter\n')
  const results = fileWith('test-fs-a.js\tpass\n')
  const args = ['table', results, '--baseline', results, '--format', 'tsv', '--into', document]
  expect(await conformance(...args)).toMatchObject({ code: 0, stdout: '' })
  const table = 'area\tnative\tpassed\tknown\tunexpected\trate\nfs\t1\t1\t0\t0\t100.0 %\nall\t1\t1\t0\t0\t100.0 %'
  expect(readFileSync(document, 'utf8')).toBe(
    `before\n<!-- begin register -->\n\n${table}\n\n<!-- end register -->\nafter\n`,
  )
  expect(await conformance(...args, '--section', 'context')).toMatchObject({ code: 2 })
})

describe('bad input', () => {
  const cases: [what: string, message: RegExp, args: string[]][] = [
    ['a command that is not there', /There is no command 'walk'/, ['walk']],
    ['an option that is not there', /--speed/, ['run', '--speed', '9']],
    ['a missing option', /--suite is missing/, ['run', '--command', 'node']],
    ['a suite without tests', /There is no test suite in '\/nowhere'/, ['run', '--suite', '/nowhere', '--command', 'node']],
    ['a number that is none', /--jobs is a whole number from 1 on, not 'many'/, ['run', '--suite', '/', '--command', 'node', '--jobs', 'many']],
    ['a trait that is none', /There is no trait 'speed'/, ['run', '--suite', 'SUITE', '--command', 'node', '--plain', '--traits', 'FILE', '--all']],
    ['results that are not there', /There is no file '\/nowhere'/, ['table', '/nowhere']],
    ['a quote that is not closed', /A quote is not closed/, ['run', '--suite', 'SUITE', '--command', "node '", '--all']],
    ['an area without tests', /No test fits the options/, ['run', '--suite', 'SUITE', '--command', 'node', '--only', 'tls', '--all']],
  ] // prettier-ignore

  test.each(cases)('%s is one line on stderr and exit code 2', async (_, message, args) => {
    const suite = suiteOf({ 'test-fs-a.js': '' })
    const file = fileWith('test-fs-a.js\tspeed\n')
    const places: Readonly<Record<string, string>> = { SUITE: suite, FILE: file }
    const { code, stdout, stderr } = await conformance(...args.map((arg) => places[arg] ?? arg))
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
