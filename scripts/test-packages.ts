/**
 * Installs the packages, as they would be published, with npm into an empty project outside the repository, and uses
 * them there on every supported Node as a newcomer would.
 */
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { styleText } from 'node:util'
import { installNode, nodeVersions, runScript, supportedMajors, temporaryDirectory } from '@libvisor/testkit'
import type { ScriptResult } from '@libvisor/testkit'
import { packAll } from './pack.ts'
import { root } from './workspace.ts'

const hello = `import fs from 'node:fs'
fs.writeFileSync('written.txt', 'hello')
console.log(fs.readFileSync('written.txt', 'utf8'), ...process.argv.slice(2))
`

// What it uses comes with libraries that are loaded late: they must be in the bundle.
const globs = `import { globSync } from 'node:fs'
console.log(globSync('*.{json,js}').filter((name) => name.startsWith('hello') || name === 'package.json').sort())
`

const consumer = `import { createHost, memory, VisorError } from 'libvisor'
import type { Guest, GuestOptions, Host } from 'libvisor'

const options: GuestOptions = {
  name: 'app',
  entry: '/app/server.mjs',
  fs: {
    '/app': memory({
      'server.mjs': \`
        import { createServer } from 'node:http'
        import { hostname } from 'node:os'
        createServer((request, response) => response.end(hostname() + request.url)).listen(3000)\`,
    }),
  },
}
const host: Host = await createHost()
const app: Guest = await host.spawn(options)
await app.listening(3000)
const response = await host.fetch('http://app:3000/hello')
console.log(response.status, await response.text())
app.kill('SIGTERM')
console.log((await app.exited).signal, VisorError.name)
await host[Symbol.asyncDispose]()
`

const configuration = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    // The declarations that are published are checked too.
    skipLibCheck: false,
    types: ['node'],
  },
  files: ['consumer.ts'],
}

interface Check {
  readonly name: string
  readonly command: (node: string) => readonly [command: string, ...args: string[]]
  readonly stdout: string
}

const checks: readonly Check[] = [
  {
    name: 'npx visor run hello.js',
    command: () => ['npx', '--no-install', 'visor', 'run', 'hello.js', 'from', 'visor'],
    stdout: 'hello from visor\n',
  },
  {
    name: 'node --import libvisor/register hello.js',
    command: (node) => [node, '--import', 'libvisor/register', 'hello.js', 'preloaded'],
    stdout: 'hello preloaded\n',
  },
  {
    name: 'node --import libvisor/register globs.js',
    command: (node) => [node, '--import', 'libvisor/register', 'globs.js'],
    stdout: "[ 'hello.js', 'package.json' ]\n",
  },
  {
    name: "import { createHost } from 'libvisor'",
    command: (node) => [node, 'consumer.js'],
    stdout: '200 app/hello\nSIGTERM VisorError\n',
  },
]

using project = temporaryDirectory({
  'package.json': { name: 'consumer', private: true, type: 'module' },
  'tsconfig.json': configuration,
  'hello.js': hello,
  'globs.js': globs,
  'consumer.ts': consumer,
})
const cwd = project.path
let passed = 0
let failed = 0

if (await install()) {
  const tsc = path.join(cwd, 'node_modules', 'typescript', 'bin', 'tsc')
  judge('a consumer compiles with tsc', await runScript([tsc], { cwd, timeoutMs: 120_000 }), { stdout: '' })
  for (const major of supportedMajors) await useOn(nodeVersions[major])
  await refuseOn('20.20.2')
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function install(): Promise<boolean> {
  const tarballs = (await packAll()).map(({ tarball }) => tarball)
  const { devDependencies } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const types = ['typescript', '@types/node'].map((name) => `${name}@${devDependencies[name]}`)
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs, ...types]
  const result = await runScript(args, { command: 'npm', cwd, timeoutMs: 300_000 })
  return judge('npm install of all tarballs', { ...result, stdout: '' }, { stdout: '' })
}

async function useOn(version: string): Promise<void> {
  const node = await installNode(version)
  // npx, and the command that it runs, start the first `node` on the PATH.
  const PATH = [path.dirname(node), process.env['PATH']].join(path.delimiter)
  // What npx itself has to say is not what the command says.
  const env = { HOME: process.env['HOME'] ?? cwd, PATH, npm_config_loglevel: 'error' }
  for (const { name, command, stdout } of checks) {
    const [program, ...args] = command(node)
    const result = await runScript(args, { command: program, cwd, env, timeoutMs: 60_000 })
    judge(`Node ${version}: ${name}`, result, { stdout })
    if (fs.existsSync(project.resolve('written.txt'))) {
      fail(`Node ${version}: ${name} wrote to the host's disk`)
      fs.rmSync(project.resolve('written.txt'))
    }
  }
}

/** On a Node that is too old, each way in says so in one line. */
async function refuseOn(version: string): Promise<void> {
  const node = await installNode(version)
  const ways = {
    visor: ['node_modules/libvisor/bin/visor.js', 'run', 'hello.js'],
    'libvisor/register': ['--import', 'libvisor/register', 'hello.js'],
  }
  for (const [who, args] of Object.entries(ways)) {
    const result = await runScript(args, { command: node, cwd })
    const line = `${who} needs Node >= 22.21 or >= 24.8; this is Node ${version}.\n`
    judge(`Node ${version}: ${who} says which Node it needs`, result, { code: 2, stdout: '', stderr: line })
  }
}

interface Expected {
  readonly code?: number
  readonly stdout: string
  readonly stderr?: string
}

function judge(name: string, result: ScriptResult, expected: Expected): boolean {
  const { code = 0, stdout, stderr = '' } = expected
  const good = result.code === code && result.stdout === stdout && result.stderr === stderr
  if (good) {
    passed++
    console.log(`${styleText('green', '✓')} ${name}`)
  } else {
    fail(name)
    console.log(
      `  ended with ${result.signal ?? result.code}; expected ${code}, ${JSON.stringify(stdout + stderr)}, and got:`,
    )
    console.log(`${result.stdout}${result.stderr}`.replaceAll(/^/gm, '  '))
  }
  return good
}

function fail(name: string): void {
  failed++
  console.log(`${styleText('red', '✗')} ${name}`)
}
