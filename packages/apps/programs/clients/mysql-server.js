// A few statements of SQL, by the protocol of MySQL.
import mysql from 'mysql2'

const VAR_STRING = 253
const LONG = 3
const column = (name, columnType) => ({
  catalog: 'def',
  schema: 'test',
  table: 't',
  orgTable: 't',
  name,
  orgName: name,
  characterSet: 33,
  columnLength: 1000,
  columnType,
  flags: 0,
  decimals: 0,
})

let connections = 0
const server = mysql.createServer()
server.on('connection', (connection) => {
  const id = ++connections
  // Packets are counted from 0 in each exchange, and the package leaves that to the program.
  const begun = () => void (connection.sequenceId = 1)
  const ended = () => void (connection.sequenceId = 0)
  connection.on('error', () => {})
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: 'in JavaScript',
    connectionId: id,
    statusFlags: 2,
    characterSet: 33,
    capabilityFlags: 0xffffff & ~0x800 & ~0x20,
    authCallback({ user }, callback) {
      callback(null, user === 'stranger' ? { code: 1045, message: 'Access denied' } : undefined)
      setImmediate(ended)
    },
  })
  connection.on('query', (sql) => {
    begun()
    const answer = (columns, rows) => {
      connection.writeColumns(columns)
      for (const row of rows) connection.writeTextRow(row)
      connection.writeEof()
    }
    const [, count] = /^SELECT (\d+) rows$/.exec(sql) ?? []
    const [, length] = /^SELECT REPEAT\('x', (\d+)\)$/.exec(sql) ?? []
    if (sql === 'SELECT CONNECTION_ID()') answer([column('id', LONG)], [[String(id)]])
    else if (count !== undefined) {
      const rows = Array.from({ length: Number(count) }, (_, index) => [String(index), `row ${index}`])
      answer([column('id', LONG), column('text', VAR_STRING)], rows)
    } else if (length !== undefined) answer([column('text', VAR_STRING)], [['x'.repeat(Number(length))]])
    else if (sql.startsWith('INSERT')) {
      connection.writeOk({ affectedRows: 1, insertId: sql.length })
    } else if (sql === 'KILL') connection.stream.resetAndDestroy()
    else {
      connection.writeError({ code: 1064, message: `You have an error in your SQL syntax near '${sql}'` })
    }
    ended()
  })
  connection.on('ping', () => {
    begun()
    connection.writeOk()
    ended()
  })
  connection.on('quit', () => connection.stream.end())
})
server.listen(process.env.PORT, () => console.log('listening'))
