/** Which originals need no native section: on each Node that this runs on. */
import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import { test } from 'vitest'

test('originals that are called outside of native sections call nothing that could be patched', async () => {
  using directory = temporaryDirectory({ file: 'text' })
  symlinkSync('file', directory.resolve('link'))
  const script = fileURLToPath(new URL('fixtures/contained.mjs', import.meta.url))
  const { code, stdout, stderr } = await runScript([script, directory.resolve('file'), directory.resolve('link')])
  assert.equal(code, 0, stderr)
  const { made, calls } = JSON.parse(stdout) as { made: number; calls: string[] }
  assert.equal(made, 32)
  const isOfOthers = (call: string): boolean => call.startsWith('readFileSync: ') || call.startsWith('realpath: ')
  assert.ok(calls.includes('readFileSync: fs.openSync') && calls.includes('realpath: fs.lstat'))
  assert.deepEqual(
    calls.filter((call) => !isOfOthers(call)),
    [],
  )
})
