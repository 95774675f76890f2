import { readFile, writeFile } from 'node:fs/promises'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { secureHeaders } from 'hono/secure-headers'
import { streamText } from 'hono/streaming'

const file = '/data/notes.json'
const app = new Hono()

const read = async () => JSON.parse(await readFile(file, 'utf8').catch(() => '[]'))

app.use(secureHeaders())

app.get('/notes', async (c) => c.json(await read()))

app.post('/notes', async (c) => {
  const { text } = await c.req.json()
  const notes = [...(await read()), text]
  await writeFile(file, JSON.stringify(notes))
  return c.json(notes, 201)
})

app.post('/upload', async (c) => {
  const { file } = await c.req.parseBody()
  return c.json({ name: file.name, size: file.size, text: await file.text(), isFile: file instanceof File })
})

app.get('/stream', (c) =>
  streamText(c, async (stream) => {
    for (const note of await read()) {
      await stream.writeln(note)
      await stream.sleep(5)
    }
  }),
)

app.get('/fail', () => {
  throw new HTTPException(409, { message: 'on purpose' })
})

serve({ fetch: app.fetch, port: 3000 }, (info) => {
  console.log(`Listening on http://localhost:${info.port}`)
})
