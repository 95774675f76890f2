import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { whenQuiet } from '../src/context/when-quiet.ts'

const LOOK_MS = 100

/** Works for a part of the time, for some looks. */
async function work(share: number): Promise<void> {
  const end = performance.now() + 5 * LOOK_MS
  while (performance.now() < end) {
    const pause = performance.now() + 10 * share
    while (performance.now() < pause);
    await setTimeout(10 * (1 - share))
  }
}

describe('what waits for a quiet thread', () => {
  test('is done once, as soon as the thread has little to do', async () => {
    let done = 0
    const ask = whenQuiet(() => done++, { forMs: LOOK_MS })
    ask()
    ask()
    assert.equal(done, 0)
    await work(0.1)
    assert.equal(done, 1)
  })

  test('waits as long as the thread is busier than it may be', async () => {
    let done = 0
    whenQuiet(() => done++, { forMs: LOOK_MS, busyAt: 0.03 })()
    await work(0.4)
    assert.equal(done, 0)
    await setTimeout(4 * LOOK_MS)
    assert.equal(done, 1)
  })

  test('is given up after so many looks at a busy thread', async () => {
    let done = 0
    whenQuiet(() => done++, { forMs: LOOK_MS, busyAt: 0.03, mostLooks: 1 })()
    await work(0.4)
    await setTimeout(3 * LOOK_MS)
    assert.equal(done, 0)
  })
})
