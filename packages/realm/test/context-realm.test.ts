import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

test('contexts are collected when they are dropped', { timeout: 60_000 }, async () => {
  const program = new URL('programs/collected.ts', import.meta.url).pathname
  const { stdout, stderr } = await runScript(['--expose-gc', '--disable-warning=ExperimentalWarning', program, '20'])
  expect(stderr).toBe('')
  expect(stdout.trim()).toBe('0')
})

test(
  'guests of one thread share classes of Node, and nothing that they change or evaluate',
  { timeout: 60_000 },
  async () => {
    const program = new URL('programs/two-guests.ts', import.meta.url).pathname
    const { stdout } = await runScript(['--disable-warning=ExperimentalWarning', program])
    expect(JSON.parse(stdout)).toEqual({
      joined: ['mine', 'x'],
      nested: null,
      intrinsics: [null, null],
      evaluated: ['a', 'b'],
      refused: 'VISOR_UNSUPPORTED',
      instances: [true, true],
      owners: [true, false, false, true],
      frozen: false,
      deep: true,
    })
  },
)

test("built-ins have the shape of Node's own, for each guest of a thread, whatever it has put on Object.prototype", async () => {
  const program = new URL('programs/export-shapes.ts', import.meta.url).pathname
  const { stdout, stderr } = await runScript(['--disable-warning=ExperimentalWarning', program])
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([[], [], [], []])
})
