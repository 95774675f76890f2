import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

test.each([
  ['what it would do after process.exit(), if it could', 'goes-on-after-exit.cjs', 3],
  ['connections of fetch beside the undici package', 'dispatchers.cjs', 0],
  ['messages for which only a port keeps it alive', 'message-ports.cjs', 0],
  ['stacks of the errors that Node and contexts make', 'stacks.cjs', 0],
  ['what stacks call the callbacks of its timers', 'timer-stacks.cjs', 1],
])('a program in a context shows %s as natively', { timeout: 60_000 }, async (_, file, code) => {
  const program = fileURLToPath(new URL(`programs/${file}`, import.meta.url))
  const native = await runScript([program])
  expect(native.code).toBe(code)
  expect(await runScript(['--', visor, 'run', '--isolation', 'context', program])).toEqual(native)
})
