import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('guests that have ended are collected, with all their modules, though they share scripts', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--experimental-vm-modules', join(import.meta.dirname, 'programs/collect-guests.ts'), '40'],
    { encoding: 'utf8' },
  )
  expect(stdout, stderr).not.toBe('')
  const { collected, scripts } = JSON.parse(stdout) as { collected: number; scripts: number }
  // What belongs to the last one may still be on the stack.
  expect(collected).toBeGreaterThanOrEqual(39)
  // The program's two CommonJS modules, and libvisor's own two.
  expect(scripts).toBe(4)
}, 180_000)
