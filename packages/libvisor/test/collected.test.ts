import { describe, expect, it } from 'vitest'
import { createHost, memory } from 'libvisor'
import type { Guest, GuestOptions, Host } from 'libvisor'

const program = (name: string, source: string): GuestOptions => ({
  name,
  isolation: 'context',
  entry: '/app/main.cjs',
  fs: { '/app': memory({ 'main.cjs': source }) },
})

/** Inherits as programs did before there were classes. */
const inherits = `
  const { EventEmitter } = require('node:events')
  const { Transform } = require('node:stream')
  function Child() {}
  Child.prototype = Object.create(Transform.prototype)
  globalThis.emitter = Object.create(EventEmitter.prototype)
  globalThis.child = new Child()`

const startAndEnd = async (host: Host, name: string, source: string): Promise<void> => {
  const guest: Guest = await host.spawn(program(name, source))
  await guest.exited
}

const contextsOf = async (host: Host): Promise<readonly number[]> =>
  (await host.stats()).threads.map(({ contexts }) => contexts)

const soon = { timeout: 20_000, interval: 100 }

describe('guests that have ended in a thread that goes on', () => {
  it('are collected when the thread has time, however few they are', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    await startAndEnd(host, 'a', inherits)
    await expect.poll(() => contextsOf(host), soon).toEqual([0])
  })

  it('are not kept by others that inherit from the same classes of Node', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    const waiting = `${inherits}\nsetInterval(() => {}, 1000)`
    // The first one is the first to inherit from each.
    const first = await host.spawn(program('first', waiting))
    await host.spawn(program('second', waiting))
    first.kill('SIGKILL')
    await first.exited
    await expect.poll(() => contextsOf(host), soon).toEqual([1])
  })

  it('are collected before the thread has time when many have ended', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    const busy = await host.spawn(
      // Leaves the event loop little time, and the others enough.
      program('busy', 'setInterval(() => { for (const end = Date.now() + 18; Date.now() < end; ); }, 20)'),
    )
    for (let index = 0; index < 40; index++) await startAndEnd(host, `guest-${index}`, inherits)
    const [contexts] = await contextsOf(host)
    expect(contexts).toBeLessThan(40)
    busy.kill('SIGKILL')
  })

  it('leave the collector to nobody', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    const guest = await host.spawn(
      program('a', `console.log(typeof gc, require('node:vm').runInNewContext('typeof gc'))`),
    )
    expect(await new Response(guest.stdout as never).text()).toBe('undefined undefined\n')
  })
})
