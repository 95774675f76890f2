import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runScript } from '@libvisor/testkit'

const MIB = 2 ** 20
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

test('what a stream reads of a large file in memory is given back while it reads', async () => {
  const args = ['--expose-gc', here('../bin/visor.js'), 'run', '--tmpfs', '/memory', here('programs/read-large.mjs')]
  const { stdout } = await runScript(args)
  const { read, mostHeld } = JSON.parse(stdout) as Record<'read' | 'mostHeld', number>
  expect(read).toBe(512 * MIB)
  expect(mostHeld).toBeLessThan(30 * MIB)
})
