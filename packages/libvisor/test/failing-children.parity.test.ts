import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('programs/failing-children.cjs', import.meta.url))
const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

test.each(['process', 'thread', 'context'])(
  'a program hears of executables that are not there what it hears natively: isolation %s',
  { timeout: 60_000 },
  async (isolation) => {
    const native = await runScript([program])
    expect(native.stdout).toContain('ENOENT')
    expect(await runScript(['--', visor, 'run', '--isolation', isolation, program])).toEqual(native)
  },
)
