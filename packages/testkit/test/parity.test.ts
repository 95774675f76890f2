import assert from 'node:assert/strict'
import { parity } from '@libvisor/testkit/parity'
import { afterAll } from 'vitest'

const events: string[] = []

const make = (where: string) => () => ({
  where,
  [Symbol.dispose]: () => events.push(`dispose ${where}`),
})

parity('parity() runs the body once with each subject', { native: make('native'), guest: make('guest') }, (subject) => {
  events.push(`run ${subject.where}`)
})

afterAll(() => {
  assert.deepEqual(events, ['run native', 'dispose native', 'run guest', 'dispose guest'])
})
