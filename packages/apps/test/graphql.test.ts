import { expect } from 'vitest'
import { programFile } from './harness/pair.ts'
import type { Instance } from './harness/pair.ts'
import { sideBySide } from './harness/side-by-side.ts'

interface Answer<T> {
  readonly data: T | null
  readonly errors?: readonly { readonly message: string; readonly path?: readonly string[] }[]
}

/** Sends a query, and takes what comes back, errors too. */
async function ask<T>(instance: Instance, query: string, variables = {}): Promise<Answer<T>> {
  const answer = await instance.send('POST', '/graphql', { query, variables }, { accept: 'application/json' })
  return (await answer.json()) as Answer<T>
}

sideBySide(
  {
    name: 'graphql-yoga',
    entry: programFile('graphql/index.js'),
    port: 4000,
    async add(instance, text) {
      const mutation = 'mutation Add($text: String!) { addNote(text: $text) { text length } }'
      expect(await ask(instance, mutation, { text })).toEqual({ data: { addNote: { text, length: text.length } } })
    },
    async list(instance) {
      const { data } = await ask<{ notes: { text: string }[] }>(instance, '{ notes { text } }')
      return data?.notes.map(({ text }) => text) ?? []
    },
  },
  {
    async 'say of a query what is wrong with it'({ alice }) {
      const { errors } = await ask(alice, '{ notes { txt } }')
      expect(errors).toMatchObject([{ message: expect.stringMatching(/^Cannot query field "txt" on type "Note"/) }])
    },

    async 'keep the message of an error to themselves in production'({ bob }) {
      expect(await ask(bob, '{ broken }')).toEqual({
        data: null,
        errors: [expect.objectContaining({ message: 'Unexpected error.', path: ['broken'] })],
      })
      await expect.poll(() => bob.output()).toContain('on purpose')
    },

    async 'describe their schema'({ alice }) {
      const { data } = await ask<{ __schema: unknown }>(alice, '{ __schema { types { name } } }')
      expect(data?.__schema).toMatchObject({ types: expect.arrayContaining([{ name: 'Note' }]) as unknown })
    },

    async 'send events of a subscription'({ bob }) {
      const query = encodeURIComponent('subscription { countdown(from: 2) }')
      const answer = await bob.fetch(`/graphql?query=${query}`, { headers: { accept: 'text/event-stream' } })
      const events = (await answer.text()).matchAll(/^data: (\{.*)$/gm)
      expect([...events].map(([, json]) => JSON.parse(String(json)) as unknown)).toEqual(
        [2, 1, 0].map((countdown) => ({ data: { countdown } })),
      )
    },
  },
)
