/** What a namespace's modules export, and how they are put in place of a realm's. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { memory } from '@libvisor/fs'
import { runScript } from '@libvisor/testkit'
import { describe, test } from 'vitest'
import { startGuest } from './guests.ts'

describe.each(['fs', 'fs/promises'] as const)('%s', (name) => {
  const native = name === 'fs' ? fs : fs.promises

  test('exports what this Node exports, in the same order', () => {
    using guest = startGuest({ '/': memory() }, '/')
    const bound = name === 'fs' ? guest.fs : guest.promises
    assert.deepEqual(Reflect.ownKeys(bound), Reflect.ownKeys(native))
    for (const [key, { enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(native))) {
      assert.equal(Object.getOwnPropertyDescriptor(bound, key)?.enumerable, enumerable, key)
    }
  })

  test('refuses none of its functions', async () => {
    using guest = startGuest({ '/': memory() }, '/')
    const bound = (name === 'fs' ? guest.fs : guest.promises) as unknown as Record<string, unknown>
    for (const [key, value] of Object.entries(native)) {
      if (typeof value !== 'function') continue
      try {
        await (bound[key] as () => unknown)()
      } catch (error) {
        assert.notEqual((error as { code?: string }).code, 'VISOR_UNSUPPORTED', key)
      }
    }
  })
})

test('guests of a patched realm see their own files, and the host its own', async () => {
  const script = fileURLToPath(new URL('fixtures/shared-realm.mjs', import.meta.url))
  const { code, stdout, stderr } = await runScript([script])
  assert.equal(code, 0, stderr)
  const { seen, host, restored } = JSON.parse(stdout) as { seen: unknown[][]; host: boolean; restored: boolean }
  const expected = (who: string): unknown[] => [who, who, who, `${who} ${who}`, who, '/who', true]
  assert.deepEqual(seen, [expected('a'), expected('b')])
  assert.equal(host, false)
  assert.equal(restored, true)
})
