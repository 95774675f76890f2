import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { DatabaseSync } from 'node:sqlite'

const database = new DatabaseSync('/data/notes.db')

database.exec(`
  CREATE TABLE IF NOT EXISTS notes(
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
  ) STRICT
`)

const insert = database.prepare('INSERT INTO notes (text) VALUES (?)')
const all = database.prepare('SELECT text FROM notes ORDER BY id')

createServer(async (request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.method === 'POST') {
    try {
      const { lastInsertRowid } = insert.run((await json(request)).text)
      response.writeHead(201).end(JSON.stringify({ id: lastInsertRowid }))
    } catch (error) {
      response.writeHead(409).end(JSON.stringify({ code: error.code, message: error.message }))
    }
  } else {
    response.end(JSON.stringify(all.all().map((row) => row.text)))
  }
}).listen(3000)
