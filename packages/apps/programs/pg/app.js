const express = require('express')
const { Pool } = require('pg')

// The connection comes from PGHOST, PGPORT, PGUSER and PGDATABASE.
const pool = new Pool()
const app = express()

app.use(express.json())

app.get('/notes', async (req, res) => {
  const { rows } = await pool.query('SELECT text FROM notes ORDER BY id')
  res.json(rows.map((row) => row.text))
})

app.post('/notes', async (req, res) => {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query('INSERT INTO notes (text) VALUES ($1) RETURNING id, at', [req.body.text])
    await client.query('COMMIT')
    res.status(201).json({ id: rows[0].id, isDate: rows[0].at instanceof Date })
  } catch (error) {
    await client.query('ROLLBACK')
    res.status(409).json({ code: error.code })
  } finally {
    client.release()
  }
})

pool
  .query(
    'CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL UNIQUE, at timestamptz DEFAULT now())',
  )
  .then(() => app.listen(3000))
