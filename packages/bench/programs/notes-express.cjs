// Keeps a note in a file; fails, or ends, when it is asked to.
const { readFile, writeFile } = require('node:fs/promises')
const os = require('node:os')
const express = require('express')

const file = process.env.DATA_FILE ?? '/data/db.json'
const app = express()
app.use(express.json())
app.get('/', (request, response) => response.json({ hello: 'world', path: request.path }))
// Express 5 hears of what an asynchronous handler throws.
// oxlint-disable oxc/no-async-endpoint-handlers
app.get('/note', async (request, response) => {
  const { note } = JSON.parse(await readFile(file, 'utf8'))
  response.json({ note, host: os.hostname(), known: Object.keys(globalThis.known ?? {}) })
})
app.put('/note', async (request, response) => {
  globalThis.known = { ...globalThis.known, [request.body.note]: true }
  await writeFile(file, JSON.stringify(request.body))
  response.status(204).end()
})
app.post('/crash', (request, response) => {
  response.status(202).end()
  setImmediate(() => {
    throw new Error('crashed, as it was asked to')
  })
})
app.post('/exit', () => process.exit(3))
const server = app.listen(Number(process.env.PORT ?? 3000), () => console.log(`listening on ${server.address().port}`))
