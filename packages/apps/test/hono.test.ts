import { expect } from 'vitest'
import { programFile } from './harness/pair.ts'
import { rest, sideBySide } from './harness/side-by-side.ts'

sideBySide(
  { name: 'hono', entry: programFile('hono/index.js'), port: 3000, ...rest },
  {
    async 'read files out of multipart forms'({ alice }) {
      const body = new FormData()
      body.set('file', new File(['content of ünicode'], 'note.txt', { type: 'text/plain' }))
      const answer = await alice.fetch('/upload', { method: 'POST', body })
      expect(await answer.json()).toEqual({ name: 'note.txt', size: 19, text: 'content of ünicode', isFile: true })
    },

    async 'stream their answers'({ bob }) {
      const answer = await bob.fetch('/stream')
      expect([answer.headers.get('transfer-encoding'), await answer.text()]).toEqual([
        'chunked',
        'from bob\nbob again\n',
      ])
    },

    async 'answer with the status of what they throw'({ alice }) {
      const answer = await alice.fetch('/fail')
      expect([answer.status, await answer.text()]).toEqual([409, 'on purpose'])
      expect(answer.headers.get('x-frame-options')).toBe('SAMEORIGIN')
      expect((await alice.fetch('/nowhere')).status).toBe(404)
    },
  },
)
