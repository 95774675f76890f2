const fs = require('node:fs')
const { createServer } = require('node:http')
const { join } = require('node:path')
const express = require('express')
const { Server } = require('socket.io')

const file = '/data/messages.log'
const app = express()
const server = createServer(app)
const io = new Server(server)

app.get('/', (req, res) => {
  res.sendFile(join(__dirname, 'index.html'))
})

io.on('connection', (socket) => {
  if (fs.existsSync(file)) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)) socket.emit('chat message', line)
  }
  socket.on('chat message', (msg, acknowledge) => {
    fs.appendFileSync(file, `${msg}\n`)
    io.emit('chat message', msg)
    acknowledge?.(msg.length)
  })
  socket.on('picture', (bytes, acknowledge) => {
    acknowledge(Buffer.isBuffer(bytes), bytes.length)
  })
})

server.listen(3000, () => {
  console.log('server running at http://localhost:3000')
})
