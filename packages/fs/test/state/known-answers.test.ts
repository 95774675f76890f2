import assert from 'node:assert/strict'
import { test } from 'vitest'
import { KnownAnswers } from '../../src/state/known-answers.ts'

const answer = { path: '/host/file', identical: false }

test('an answer counts until it is stale, or something has stopped showing', () => {
  let now = 0
  let callback = 0
  const known = new KnownAnswers({ nowMs: () => now, callback: () => callback++ })
  assert.equal(known.recall('/file', 1), undefined)
  known.remember('/file', answer)
  now = 199
  assert.equal(known.recall('/file', 1), answer)
  now = 200
  assert.equal(known.recall('/file', 1), undefined)
  known.remember('/file', answer)
  assert.equal(known.recall('/file', 2), undefined)
})

test('the clock is read once in a callback of the event loop, and again after a number of answers', () => {
  let looks = 0
  let callback = 1
  const known = new KnownAnswers({ nowMs: () => looks++, callback: () => callback })
  known.recall('/file', 1)
  known.remember('/file', answer)
  looks = 0
  for (let index = 0; index < 16; index++) known.recall('/file', 1)
  assert.equal(looks, 1)
  known.recall('/file', 1)
  assert.equal(looks, 2)
  callback++
  known.recall('/file', 1)
  assert.equal(looks, 3)
})

test('what was asked for last is told as long as it leads to the same path on the host', () => {
  let callback = 1
  const known = new KnownAnswers({ nowMs: () => 0, callback: () => callback })
  known.recall('/file', 1)
  known.remember('/file', answer)
  known.remember('/same', { path: '/same', identical: true })
  known.recall('/file', 1)
  assert.equal(known.last.path, '')
  known.recall('/same', 1)
  assert.equal(known.last.path, '/same')
  // The next look at the clock is for it to pass, too.
  callback++
  known.recall('/file', 1)
  assert.equal(known.last.path, '')
  known.recall('/same', 1)
  known.forget()
  assert.equal(known.last.path, '')
})
