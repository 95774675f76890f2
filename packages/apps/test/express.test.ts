import { expect } from 'vitest'
import { programFile } from './harness/pair.ts'
import { rest, sideBySide } from './harness/side-by-side.ts'

sideBySide(
  { name: 'express', entry: programFile('express/app.js'), port: 3000, ...rest },
  {
    async 'serve static files of the host, with validators'({ alice }) {
      const page = await alice.fetch('/')
      expect([page.headers.get('content-type'), await page.text()]).toEqual([
        'text/html; charset=utf-8',
        expect.stringContaining('<h1>Notes</h1>'),
      ])
      // Without a word on caches of its own, fetch asks for what no cache has.
      const headers = { 'if-none-match': String(page.headers.get('etag')), 'cache-control': 'max-age=0' }
      expect((await alice.fetch('/index.html', { headers })).status).toBe(304)
    },

    async 'answer as the client accepts'({ alice, bob }) {
      const asText = await alice.fetch('/notes/0', { headers: { accept: 'text/plain' } })
      const asHtml = await bob.fetch('/notes/0', { headers: { accept: 'text/html' } })
      expect([await asText.text(), await asHtml.text()]).toEqual(['from alice', '<p>from bob</p>'])
      expect((await alice.fetch('/notes/99')).status).toBe(404)
    },

    async 'send a file of the guest, and a part of it'({ alice }) {
      const whole = await alice.fetch('/download')
      expect(whole.headers.get('content-disposition')).toBe('attachment; filename=notes.json')
      expect(await whole.json()).toEqual(['from alice', 'alice again'])
      const part = await alice.fetch('/download', { headers: { range: 'bytes=2-5' } })
      expect([part.status, await part.text()]).toEqual([206, 'from'])
    },

    async 'turn rejections of handlers and bodies that are no JSON into answers'({ bob }) {
      expect(await bob.json('/fail')).toEqual({ message: 'on purpose', isError: true })
      const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }
      expect(await (await bob.fetch('/notes', body)).json()).toEqual({
        message: expect.stringContaining('JSON') as unknown,
        isError: true,
      })
    },

    async 'read forms'({ alice }) {
      const body = new URLSearchParams({ text: 'from a form' })
      const answer = await alice.fetch('/notes', { method: 'POST', body })
      expect([answer.headers.get('location'), await answer.json()]).toEqual([
        '/notes/2',
        ['from alice', 'alice again', 'from a form'],
      ])
    },
  },
)
