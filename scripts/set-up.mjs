// What `npm start` and `npm test` do first, on a machine that has nothing but an older Node and npm: everything here
// must run on Node 20.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { isSupportedNode, requirement } from '../packages/libvisor/bin/node-version.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = path.join(root, 'node_modules', '.bin')
const pnpm = 'pnpm@12.21.0'

/**
 * Installs the dependencies, and finds the Node that runs the rest.
 *
 * @returns {Promise<string>} the path of a Node that libvisor supports
 */
export async function setUp() {
  announce('Installing dependencies (pnpm, frozen lockfile)')
  await run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile'])
  const node = findNode()
  announce(`Using Node ${versionOf(node)} (${path.relative(root, node) || node})`)
  return node
}

/**
 * Runs a command in the repository with its tools first on the PATH; ends this process when the command fails.
 *
 * @param {string} command - what to run
 * @param {readonly string[]} args - its arguments
 * @returns {Promise<void>}
 */
export async function run(command, args) {
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: bin + path.delimiter + process.env.PATH },
      shell: process.platform === 'win32' && command === 'npx',
    })
    child.on('error', reject)
    child.on('exit', (status, signal) => resolve(signal === null ? status : 1))
  })
  if (code !== 0) {
    console.error(`\n✗ ${[path.basename(command), ...args].join(' ')} ended with code ${code}`)
    process.exit(code)
  }
}

/**
 * Says what happens next.
 *
 * @param {string} what - in a few words
 */
export function announce(what) {
  console.log(`\n▸ ${what}`)
}

/** The workspace's own Node comes first: it is the one the lockfile names. */
function findNode() {
  const own = path.join(bin, process.platform === 'win32' ? 'node.exe' : 'node')
  for (const node of [own, process.execPath]) {
    if (existsSync(node) && isSupportedNode(versionOf(node))) return node
  }
  console.error(requirement('The workspace', process.versions.node))
  process.exit(2)
}

function versionOf(node) {
  if (node === process.execPath) return process.versions.node
  return execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
}
