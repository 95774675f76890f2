const fs = require('node:fs/promises')
const path = require('node:path')
const express = require('express')

const file = '/data/notes.json'
const app = express()

app.use(express.static(path.join(__dirname, 'public')))
app.use(express.json())
app.use(express.urlencoded({ extended: true }))

const read = async () => JSON.parse(await fs.readFile(file, 'utf8').catch(() => '[]'))

app.get('/notes', async (req, res) => {
  res.json(await read())
})

app.post('/notes', async (req, res) => {
  const notes = [...(await read()), req.body.text]
  await fs.writeFile(file, JSON.stringify(notes))
  res
    .status(201)
    .location(`/notes/${notes.length - 1}`)
    .json(notes)
})

app.get('/notes/:id', async (req, res) => {
  const note = (await read())[req.params.id]
  if (note === undefined) return res.sendStatus(404)
  res.format({
    text: () => res.send(note),
    html: () => res.send(`<p>${note}</p>`),
    json: () => res.json({ text: note }),
  })
})

app.get('/download', (req, res) => {
  res.download(file)
})

app.get('/fail', async () => {
  throw new Error('on purpose')
})

app.use((err, req, res, next) => {
  res.status(500).json({ message: err.message, isError: err instanceof Error })
})

app.listen(3000, () => {
  console.log('Example app listening on port 3000')
})
