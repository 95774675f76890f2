import { readFile, writeFile } from 'node:fs/promises'
import Fastify from 'fastify'

const file = '/data/notes.json'
const fastify = Fastify({ logger: true })

const read = async () => JSON.parse(await readFile(file, 'utf8').catch(() => '[]'))

const note = {
  body: {
    type: 'object',
    required: ['text'],
    properties: { text: { type: 'string', minLength: 2 } },
  },
  response: { 201: { type: 'object', properties: { id: { type: 'integer' }, text: { type: 'string' } } } },
}

fastify.decorateRequest('startedAt', 0)
fastify.addHook('onRequest', async (request) => {
  request.startedAt = performance.now()
})
fastify.addHook('onSend', async (request, reply) => {
  reply.header('x-took', (performance.now() - request.startedAt).toFixed(3))
})

fastify.get('/notes', async () => read())

fastify.post('/notes', { schema: note }, async (request, reply) => {
  const notes = [...(await read()), request.body.text]
  await writeFile(file, JSON.stringify(notes))
  return reply.code(201).send({ id: notes.length - 1, text: request.body.text, unlisted: true })
})

fastify.register(
  async (instance) => {
    instance.get('/fail', async () => {
      throw new RangeError('on purpose')
    })
  },
  { prefix: '/nested' },
)

try {
  await fastify.listen({ port: 3000, host: '0.0.0.0' })
} catch (err) {
  fastify.log.error(err)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await fastify.close()
    process.exit(0)
  })
}
