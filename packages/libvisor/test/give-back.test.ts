import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

const MIB = 2 ** 20

test('a thread that has become quiet gives back what its young generation had grown to', async () => {
  const program = new URL('programs/grow-and-rest.ts', import.meta.url).pathname
  const { stdout } = await runScript(['--disable-warning=ExperimentalWarning', program], { timeoutMs: 60_000 })
  const { grown, rested } = JSON.parse(stdout) as Record<'grown' | 'rested', number>
  expect(grown).toBeGreaterThan(8 * MIB)
  expect(rested).toBeLessThan(grown / 2)
}, 70_000)
