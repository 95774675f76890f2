import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('programs/children-that-change-files.cjs', import.meta.url))
const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

/** Files that have not been changed for so long that what is known of them is kept. */
function makeFiles() {
  const directory = temporaryDirectory({
    'counted.js': 'module.exports = 1',
    'first/name.txt': 'first',
    'second/name.txt': 'second',
  })
  fs.symlinkSync('first', directory.resolve('current'))
  for (const name of ['counted.js', 'first', 'second', '.']) fs.utimesSync(directory.resolve(name), 1e9, 1e9)
  return directory
}

test.each(['process', 'thread', 'context'])(
  'a program sees at once what a child process has changed: isolation %s',
  { timeout: 60_000 },
  async (isolation) => {
    using natively = makeFiles()
    using inGuest = makeFiles()
    const native = await runScript([program, natively.path])
    const options = ['--isolation', isolation, '--exec', 'sh', '-v', `${inGuest.path}:${inGuest.path}`]
    const guest = await runScript(['--', visor, 'run', ...options, program, inGuest.path])
    expect({ ...guest, stdout: guest.stdout.replaceAll(inGuest.path, natively.path) }).toEqual(native)
    expect(native.stdout).toContain('[2,"second",true')
  },
)
