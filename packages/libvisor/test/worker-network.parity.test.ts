import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runScript } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))
const program = fileURLToPath(new URL('./programs/worker-network.cjs', import.meta.url))

it.each([['process'], ['thread'], ['context']])('the threads of a guest have one network: %s', async (isolation) => {
  const options = isolation === 'process' ? [] : ['--isolation', isolation]
  const native = await runScript([program])
  const guest = await runScript(['--', visor, 'run', ...options, program])
  expect(native).toMatchObject({ code: 0, stderr: '' })
  // What is open inside of a guest only, `visor run` says.
  expect({ ...guest, stderr: '' }).toEqual(native)
})
