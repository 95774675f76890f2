/** What a socket reads, and what runs between two reads. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { parity } from '@libvisor/testkit/parity'
import { scenes, transports } from './harness/scene.ts'
import { pair } from './rules/rule.ts'

parity(
  'ticks and microtasks run between two reads of what came at once',
  { ...scenes, ...transports },
  async (scene) => {
    await using sockets = await pair(scene)
    const { client, accepted } = sockets
    accepted.pause()
    const total = 200_000
    client.write(Buffer.alloc(total, 'x'))
    const seen: string[] = []
    let length = 0
    accepted.on('data', (data: Buffer) => {
      const isLast = (length += data.length) === total
      seen.push('data')
      process.nextTick(() => seen.push('tick'))
      void Promise.resolve().then(() => {
        seen.push('microtask')
        process.nextTick(() => {
          seen.push('tick of the microtask')
          if (isLast) accepted.emit('all')
        })
      })
    })
    const all = once(accepted, 'all')
    accepted.resume()
    await all
    assert.ok(length === total && seen.length >= 4 * 4)
    for (let at = 0; at < seen.length; at += 4) {
      assert.deepEqual(seen.slice(at, at + 4), ['data', 'tick', 'microtask', 'tick of the microtask'])
    }
  },
)

parity('an error of a reader that is caught keeps nothing from it', { ...scenes, ...transports }, async (scene) => {
  await using sockets = await pair(scene)
  const { client, accepted } = sockets
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const caught: unknown[] = []
  process.on('uncaughtException', (error) => caught.push(error.message))
  const total = 300_000
  client.end(Buffer.alloc(total, 'x'))
  let length = 0
  accepted.on('data', (data: Buffer) => {
    length += data.length
    throw new Error('on purpose')
  })
  await once(accepted, 'end')
  process.removeAllListeners('uncaughtException')
  for (const listener of listeners) process.on('uncaughtException', listener)
  assert.equal(length, total)
  assert.ok(caught.length > 0 && caught.every((message) => message === 'on purpose'))
})

parity(
  'what has been written may be changed when the write is complete',
  { ...scenes, ...transports },
  async (scene) => {
    await using sockets = await pair(scene)
    const { client, accepted } = sockets
    const read = buffer(accepted)
    const sizes = [1, 10, 5000, 16_384, 70_000, 300_000, 20]
    for (const size of sizes) {
      const piece = Buffer.alloc(size, 'x')
      await new Promise((resolve) => client.write(piece, resolve))
      piece.fill('y')
    }
    // Several writes that are made as one, too.
    client.cork()
    const pieces = sizes.map((size) => Buffer.alloc(size, 'x'))
    const written = pieces.map(
      (piece) => new Promise<void>((resolve) => client.write(piece, () => resolve(void piece.fill('y')))),
    )
    client.uncork()
    await Promise.all(written)
    client.end()
    const all = await read
    assert.equal(all.length, 2 * sizes.reduce((sum, size) => sum + size))
    assert.ok(all.every((byte) => byte === 'x'.charCodeAt(0)))
  },
)
