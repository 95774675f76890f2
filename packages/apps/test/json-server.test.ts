import { createRequire } from 'node:module'
import { memory } from 'libvisor'
import { expect } from 'vitest'
import { sideBySide } from './harness/side-by-side.ts'

const require = createRequire(import.meta.url)

sideBySide(
  {
    name: 'json-server',
    entry: new URL(`file://${require.resolve('json-server/lib/cli/bin.js')}`),
    args: ['--host', '0.0.0.0', '--quiet', '/data/db.json'],
    port: 3000,
    mounts: () => ({ '/data': memory({ 'db.json': JSON.stringify({ notes: [] }) }) }),
    async add(instance, text) {
      expect((await instance.send('POST', '/notes', { text })).status).toBe(201)
    },
    async list(instance) {
      return (await instance.json<{ text: string }[]>('/notes')).map(({ text }) => text)
    },
  },
  {
    async 'filter, sort and page'({ alice }) {
      expect(await alice.json('/notes?q=again')).toEqual([{ id: 2, text: 'alice again' }])
      const page = await alice.fetch('/notes?_sort=text&_order=asc&_limit=1')
      expect([page.headers.get('x-total-count'), await page.json()]).toEqual(['2', [{ id: 2, text: 'alice again' }]])
    },

    async 'change and delete'({ bob }) {
      const changed = await bob.send('PATCH', '/notes/2', { text: 'changed' })
      expect(await changed.json()).toEqual({ id: 2, text: 'changed' })
      expect((await bob.fetch('/notes/2', { method: 'DELETE' })).status).toBe(200)
      expect((await bob.fetch('/notes/2')).status).toBe(404)
    },

    async 'write their file'({ alice, bob }) {
      const read = async (instance: typeof alice): Promise<unknown> =>
        JSON.parse(await instance.guest.fs.readFile('/data/db.json', 'utf8'))
      await expect.poll(() => read(alice)).toMatchObject({ notes: [{ text: 'from alice' }, { text: 'alice again' }] })
      await expect.poll(() => read(bob)).toEqual({ notes: [{ id: 1, text: 'from bob' }] })
    },
  },
)
