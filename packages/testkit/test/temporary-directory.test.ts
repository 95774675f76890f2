import assert from 'node:assert/strict'
import fs from 'node:fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { test } from 'vitest'

test('temporaryDirectory() holds the files it was given and is gone after its block', () => {
  let path: string
  {
    using directory = temporaryDirectory({ 'a/b.txt': 'text', 'c.json': { one: 1 } })
    path = directory.path
    assert.deepEqual(directory.list(), ['a/', 'a/b.txt', 'c.json'])
    assert.deepEqual(JSON.parse(fs.readFileSync(directory.resolve('c.json'), 'utf8')), { one: 1 })
  }
  assert.equal(fs.existsSync(path), false)
})
