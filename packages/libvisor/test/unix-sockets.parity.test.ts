import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runScript } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))
const program = fileURLToPath(new URL('./programs/unix-sockets.cjs', import.meta.url))

it('rule 46: unix sockets are files of the guest', async () => {
  const native = await runScript([program])
  const guest = await runScript(['--', visor, 'run', program])
  expect(native.code).toBe(0)
  expect(guest).toEqual(native)
  expect(native.stdout).toContain('unlinked on close: false')
})
