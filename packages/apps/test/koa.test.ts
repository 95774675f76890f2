import { expect } from 'vitest'
import { programFile } from './harness/pair.ts'
import { rest, sideBySide } from './harness/side-by-side.ts'

sideBySide(
  { name: 'koa', entry: programFile('koa/app.js'), port: 3000, ...rest },
  {
    async 'run their middleware around each request'({ alice }) {
      const { headers } = await alice.fetch('/notes')
      expect(headers.get('x-response-time')).toMatch(/^\d+ms$/)
    },

    async 'stream files of the guest'({ bob }) {
      expect(await bob.json('/stream')).toEqual(['from bob', 'bob again'])
    },

    async 'sign their cookies'({ alice }) {
      const first = await alice.fetch('/views')
      const cookie = first.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ')
      expect(await first.text()).toBe('1 views')
      expect(await (await alice.fetch('/views', { headers: { cookie } })).text()).toBe('2 views')
      const forged = cookie.replace('views=1', 'views=9')
      expect(await (await alice.fetch('/views', { headers: { cookie: forged } })).text()).toBe('1 views')
    },

    async 'answer with the status of what they throw'({ bob }) {
      const answer = await bob.fetch('/teapot')
      expect([answer.status, await answer.text()]).toEqual([418, 'on purpose'])
      expect((await bob.fetch('/notes', { method: 'DELETE' })).status).toBe(405)
      expect((await bob.fetch('/nowhere')).status).toBe(404)
    },
  },
)
