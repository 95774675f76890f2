import assert from 'node:assert/strict'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import { test } from 'vitest'

test('runScript() keeps what a script writes and how it ends', async () => {
  using directory = temporaryDirectory({
    'main.js': 'process.stdin.pipe(process.stdout); console.error(process.env.VITEST); process.exitCode = 3',
  })
  const result = await runScript(['main.js'], { cwd: directory.path, input: 'echo' })
  assert.deepEqual(result, { code: 3, signal: null, stdout: 'echo', stderr: 'undefined\n' })
})

test('runScript() kills what takes too long', async () => {
  const { signal } = await runScript(['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 200 })
  assert.equal(signal, 'SIGKILL')
})

test('runScript() rejects when there is no such program', async () => {
  await assert.rejects(runScript([], { command: '/no/such/program' }), { code: 'ENOENT' })
})
