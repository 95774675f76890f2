// What keeps a process alive, and what does not.
import { once } from 'node:events'
import net from 'node:net'

process.on('exit', () => console.log('exit'))
const server = net.createServer((socket) => socket.resume())
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const client = net.connect(server.address().port, '127.0.0.1')
await once(client, 'connect')
net.createServer().listen(0).unref()
server.unref()
server.on('connection', (socket) => socket.unref())
client.unref()
// The accepted socket reads, and so keeps the process alive until its peer ends.
setTimeout(() => {
  console.log('ending')
  client.end()
}, 20)
