import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

test('contexts are collected when they are dropped', { timeout: 60_000 }, async () => {
  const program = new URL('programs/collected.ts', import.meta.url).pathname
  const { stdout, stderr } = await runScript(['--expose-gc', '--disable-warning=ExperimentalWarning', program, '20'])
  expect(stderr).toBe('')
  expect(stdout.trim()).toBe('0')
})
