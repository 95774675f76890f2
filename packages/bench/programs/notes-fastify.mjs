// Keeps a note in a file; fails, or ends, when it is asked to.
import { readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import fastify from 'fastify'

const file = process.env.DATA_FILE ?? '/data/db.json'
const app = fastify()
app.get('/', (request) => ({ hello: 'world', path: request.url }))
app.get('/note', async () => {
  const { note } = JSON.parse(await readFile(file, 'utf8'))
  return { note, host: os.hostname(), known: Object.keys(globalThis.known ?? {}) }
})
app.put('/note', async (request, reply) => {
  globalThis.known = { ...globalThis.known, [request.body.note]: true }
  await writeFile(file, JSON.stringify(request.body))
  reply.code(204).send()
})
app.post('/crash', (request, reply) => {
  reply.code(202).send()
  setImmediate(() => {
    throw new Error('crashed, as it was asked to')
  })
})
app.post('/exit', () => process.exit(3))
const address = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '0.0.0.0' })
console.log(`listening on ${new URL(address).port}`)
