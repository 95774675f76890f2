import mysql from 'mysql2/promise'
import { closedPort, distinct, host, port, say, times } from './say.js'

const options = { host, port: Number(port), user: 'tester', database: 'test' }
const connection = await mysql.createConnection(options)
connection.on('error', () => {})
await say('rows', async () => (await connection.query('SELECT 2 rows'))[0])
await say('many rows', async () => (await connection.query('SELECT 5000 rows'))[0].at(-1))
await say('as a stream', async () => {
  let count = 0
  for await (const row of connection.connection.query('SELECT 1000 rows').stream()) count += row.id
  return count
})
await say('a large one', async () => (await connection.query("SELECT REPEAT('x', 2000000)"))[0][0].text.length)
await say('a large insert', async () => {
  const [{ affectedRows, insertId }] = await connection.query('INSERT INTO t VALUES (?)', ['y'.repeat(2_000_000)])
  return [affectedRows, insertId]
})
await say('escaped', async () => (await connection.query('INSERT INTO t VALUES (?)', ["it's"]))[0].insertId)
await say('ping', async () => {
  await connection.ping()
  return 'answered'
})
await say('wrong', () => connection.query('SELEKT'))
await say('after it', async () => (await connection.query('SELECT 1 rows'))[0].length)
await say('killed', () => connection.query('KILL'))
await say('after that', () => connection.query('SELECT 1 rows'))

const pool = mysql.createPool({ ...options, connectionLimit: 4 })
const idOf = async (on) => (await on.query('SELECT CONNECTION_ID()'))[0][0].id
await say('at once in a pool of four', async () => distinct(await times(40, () => idOf(pool))))
await say('one that is taken', async () => {
  const taken = await pool.getConnection()
  const ids = [await idOf(taken), await idOf(taken), await idOf(taken)]
  taken.release()
  return distinct(ids)
})
await pool.end()
await say('denied', () => mysql.createConnection({ ...options, user: 'stranger' }))
await say('refused', () => mysql.createConnection({ ...options, port: closedPort }))
