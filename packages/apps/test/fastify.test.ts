import { expect } from 'vitest'
import { programFile } from './harness/pair.ts'
import { rest, sideBySide } from './harness/side-by-side.ts'

sideBySide(
  {
    name: 'fastify',
    entry: programFile('fastify/server.js'),
    port: 3000,
    ...rest,
    ends: { code: 0, signal: null },
  },
  {
    async 'hold bodies to their schema, and answers to theirs'({ alice, bob }) {
      const refused = await alice.send('POST', '/notes', { text: '' })
      expect([refused.status, await refused.json()]).toEqual([
        400,
        {
          statusCode: 400,
          code: 'FST_ERR_VALIDATION',
          error: 'Bad Request',
          message: 'body/text must NOT have fewer than 2 characters',
        },
      ])
      const kept = await bob.send('POST', '/notes', { text: 'to a schema' })
      expect(await kept.json()).toEqual({ id: 2, text: 'to a schema' })
    },

    async 'run their hooks'({ alice }) {
      const { headers } = await alice.fetch('/notes')
      expect(Number(headers.get('x-took'))).toBeGreaterThan(0)
    },

    async 'turn rejections into answers'({ alice }) {
      expect(await alice.json('/nested/fail')).toEqual({
        statusCode: 500,
        error: 'Internal Server Error',
        message: 'on purpose',
      })
    },

    async 'log to a stdout of their own'({ alice, bob }) {
      await bob.fetch('/only-bob')
      const requested = /"url":"\/only-bob"/
      await expect.poll(() => bob.output()).toMatch(requested)
      expect(alice.output()).not.toMatch(requested)
      const [line = ''] = bob.output().split('\n')
      expect(JSON.parse(line)).toMatchObject({ level: 30, pid: 1, hostname: 'bob' })
    },
  },
)
