import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, it } from 'vitest'
import { createHost, createNamespace, hostDir, memory, overlay, readSnapshot } from '../src/index.ts'
import type { Host, Isolation } from '../src/index.ts'
import { temporaryDirectory } from '@libvisor/testkit'

describe('the files of a namespace', () => {
  const ns = createNamespace({ fs: { '/': memory({ '/config.json': '{}' }) } })
  const before = ns.fs.snapshot()
  afterEach(() => ns.fs.restore(before))

  for (const run of ['one test', 'another']) {
    it(`are put back after ${run}`, () => {
      ns.run(() => {
        assert.equal(existsSync('/made'), false)
        assert.equal(readFileSync('/config.json', 'utf8'), '{}')
        writeFileSync('/made', 'x')
        writeFileSync('/config.json', '{"changed":true}')
      })
      assert.deepEqual(ns.fs.diff(), { added: ['/made'], changed: ['/config.json'], deleted: [] })
    })
  }

  it("are put back over the host's, and what is read passes to the host again", () => {
    using directory = temporaryDirectory({ file: 'host', 'dir/inner': 'inner' })
    using over = createNamespace({ name: 'over' })
    const [file, inner] = [directory.resolve('file'), directory.resolve('dir/inner')]
    const look = (): unknown[] =>
      over.run(() => [readFileSync(file, 'utf8'), existsSync(inner) && readFileSync(inner, 'utf8'), statSync(file).ino])
    const ino = statSync(file).ino
    const clean = over.fs.snapshot()
    assert.deepEqual(look(), ['host', 'inner', ino])
    over.run(() => {
      writeFileSync(file, 'guest')
      rmSync(directory.resolve('dir'), { recursive: true })
    })
    const changed = over.fs.snapshot()
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(look(), ['guest', false, ino])
      over.fs.restore(clean)
      assert.deepEqual(look(), ['host', 'inner', ino])
      assert.deepEqual(over.fs.diff(), { added: [], changed: [], deleted: [] })
      over.fs.restore(changed)
    }
    assert.equal(readFileSync(file, 'utf8'), 'host')
  })

  it('can be awaited like those of a guest, and refuse what is no snapshot', async () => {
    await ns.fs.writeFile('/a', 'a')
    const since = await ns.fs.snapshot()
    await ns.fs.rm('/config.json')
    assert.deepEqual(await ns.fs.diff(since), { added: [], changed: [], deleted: ['/config.json'] })
    assert.throws(() => ns.fs.restore({} as never), { name: 'TypeError', message: /snapshot was expected/ })
    assert.equal(await ns.fs.readFile('/a', 'utf8'), 'a')
  })
})

describe.each<Isolation>(['thread', 'context'])('the files of a guest (%s)', (isolation) => {
  let host: Host
  beforeAll(async () => {
    host = await createHost({ pool: { threads: 1 } })
    return () => host[Symbol.asyncDispose]()
  })

  it('are kept, compared and put back while it runs, and outlive it', async () => {
    using lower = temporaryDirectory({ file: 'lower', 'moved/deep': 'deep' })
    const fs = {
      '/': overlay({ lower: hostDir(lower.path), upper: memory() }),
      '/app': memory({
        'app.js': `setInterval(() => {}, 1000); require('node:fs').renameSync('/moved', '/elsewhere')`,
      }),
    }
    const guest = await host.spawn({ name: `kept-${isolation}`, isolation, entry: '/app/app.js', fs })
    await waitFor(async () => (await guest.fs.readdir('/')).includes('elsewhere'))
    const before = await guest.fs.snapshot()
    assert.deepEqual(before.mounts, ['/', '/app'])
    await guest.fs.writeFile('/file', 'changed')
    await guest.fs.rm('/elsewhere', { recursive: true })
    assert.deepEqual((await guest.fs.diff(before)).changed, ['/file'])
    assert.deepEqual(await guest.fs.diff(), { added: [], changed: ['/file'], deleted: ['/moved'] })
    await guest.fs.restore(before)
    assert.equal(await guest.fs.readFile('/elsewhere/deep', 'utf8'), 'deep')
    assert.equal(await guest.fs.readFile('/file', 'utf8'), 'lower')
    await assert.rejects(guest.fs.restore(await readSnapshot({ '/nowhere': before.tar('/app') })), {
      code: 'VISOR_OPTION_INVALID',
      message: /'\/nowhere'/,
    })
    await guest[Symbol.asyncDispose]()
    await assert.rejects(guest.fs.snapshot(), { code: 'VISOR_GUEST_ENDED' })

    using ns = createNamespace({ fs: { '/': memory(), '/app': memory() } })
    ns.fs.restore(await readSnapshot({ '/app': before.tar('/app') }))
    assert.match(await ns.fs.readFile('/app/app.js', 'utf8'), /setInterval/)
    const plain = await new Response(before.tar('/')).bytes()
    assert.ok(Buffer.from(plain).includes('elsewhere/deep'))
  })

  it.each([
    ['by itself', `process.exitCode = 3`, 3],
    ['with process.exit()', `process.exit(4)`, 4],
    ['with an uncaught error', `setImmediate(() => { throw new Error('on purpose') })`, 1],
  ])('are kept when it ends %s, with what its exit listeners wrote', async (how, source, expected) => {
    const guest = await host.spawn({
      name: `ends-${isolation}-${how.replaceAll(/\W+/g, '-')}`,
      isolation,
      keepFiles: true,
      entry: '/app/app.js',
      fs: {
        '/': memory({
          '/app/app.js': `
          const fs = require('node:fs')
          process.on('exit', () => {
            process.on('exit', () => {})
            fs.writeFileSync('/last', 'words')
          })
          fs.rmSync('/old')
          ${source}`,
          '/old': '',
        }),
      },
    })
    assert.equal((await guest.exited).code, expected)
    assert.deepEqual(await guest.fs.diff(), { added: ['/last'], changed: [], deleted: ['/old'] })
    using ns = createNamespace({ fs: { '/': memory() } })
    ns.fs.restore(await guest.fs.snapshot())
    assert.equal(await ns.fs.readFile('/last', 'utf8'), 'words')
    await assert.rejects(async () => guest.fs.readFile('/last'))
  })

  it('are kept when a signal ends it, and not when its thread is ended by force', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const guest = await host.spawn({
        name: `signal-${isolation}-${signal}`,
        isolation,
        keepFiles: true,
        entry: '/app/app.js',
        fs: {
          '/': memory({ '/app/app.js': `require('node:fs').writeFileSync('/made', ''); setInterval(() => {}, 1000)` }),
        },
      })
      await waitFor(async () => (await guest.fs.readdir('/')).includes('made'))
      guest.kill(signal)
      assert.equal((await guest.exited).signal, signal)
      if (signal === 'SIGTERM' || isolation === 'context') assert.deepEqual((await guest.fs.diff()).added, ['/made'])
      else await assert.rejects(guest.fs.diff(), { code: 'VISOR_GUEST_ENDED' })
    }
  })
})

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}
