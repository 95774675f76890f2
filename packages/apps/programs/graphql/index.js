import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'

const file = '/data/notes.json'

const read = () => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return []
  }
}

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    type Note {
      id: ID!
      text: String!
      length: Int!
    }

    type Query {
      notes: [Note!]!
      note(id: ID!): Note
      broken: Int!
    }

    type Mutation {
      addNote(text: String!): Note!
    }

    type Subscription {
      countdown(from: Int!): Int!
    }
  `,
  resolvers: {
    Note: {
      length: (note) => note.text.length,
    },
    Query: {
      notes: () => read(),
      note: (_, { id }) => read().find((note) => note.id === id),
      broken: () => {
        throw new Error('on purpose')
      },
    },
    Mutation: {
      addNote: (_, { text }) => {
        const notes = read()
        const note = { id: String(notes.length), text }
        writeFileSync(file, JSON.stringify([...notes, note]))
        return note
      },
    },
    Subscription: {
      countdown: {
        async *subscribe(_, { from }) {
          for (let i = from; i >= 0; i--) {
            await new Promise((resolve) => setTimeout(resolve, 5))
            yield { countdown: i }
          }
        },
      },
    },
  },
})

const yoga = createYoga({ schema })
const server = createServer(yoga)

server.listen(4000, () => {
  console.info('Server is running on http://localhost:4000/graphql')
})
