import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('programs/own-frames.cjs', import.meta.url))
const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))
const register = fileURLToPath(import.meta.resolve('libvisor/register'))

test.each([
  ['under register', ['--import', register, program]],
  ['of visor run', ['--', visor, 'run', program]],
  ['in a thread', ['--', visor, 'run', '--isolation', 'thread', program]],
  ['in a context', ['--', visor, 'run', '--isolation', 'context', program]],
])('stacks %s show the frames that they show natively, and none of libvisor', { timeout: 60_000 }, async (_, args) => {
  const native = await runScript([program])
  expect(native.stdout).toContain('own-frames.cjs')
  expect(await runScript(args)).toEqual(native)
})
