import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('programs/goes-on-after-exit.cjs', import.meta.url))
const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

test('what a program would do after process.exit(), if it could, is not seen', { timeout: 60_000 }, async () => {
  const native = await runScript([program])
  expect(native).toMatchObject({ stdout: 'before\n', stderr: '', code: 3 })
  expect(await runScript(['--', visor, 'run', '--isolation', 'context', program])).toEqual(native)
})
