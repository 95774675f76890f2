import { once } from 'node:events'
import { WebSocket, createWebSocketStream } from 'ws'
import { closedPort, host, port, say, times } from './say.js'

const url = `ws://${host}:${port}/socket`
const open = async () => {
  const socket = new WebSocket(url)
  await once(socket, 'open')
  return socket
}

await say('ten at once', async () => {
  const answers = await times(10, async (index) => {
    const socket = await open()
    socket.send(`message ${index}`)
    const [data, isBinary] = await once(socket, 'message')
    socket.close()
    await once(socket, 'close')
    return `${data} ${isBinary}`
  })
  return answers.at(-1)
})
await say('many on one', async () => {
  const socket = await open()
  let count = 0
  const all = new Promise((resolve) => socket.on('message', () => ++count === 2000 && resolve()))
  for (let index = 0; index < 2000; index++) socket.send(`${index}`)
  await all
  socket.terminate()
  return count
})
await say('a stream', async () => {
  const stream = createWebSocketStream(await open())
  stream.write(Buffer.alloc(1_000_000))
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length === 1_000_000) break
  }
  return length
})
await say('ping', async () => {
  const socket = await open()
  socket.ping('are you there')
  const [data] = await once(socket, 'pong')
  socket.close()
  return String(data)
})
await say('closed', async () => {
  const socket = await open()
  socket.send('close')
  const [code, reason] = await once(socket, 'close')
  return [code, String(reason)]
})
await say('broken', async () => {
  const socket = await open()
  socket.send('break')
  const [code] = await once(socket, 'close')
  return code
})
await say('no such path', async () => {
  const socket = new WebSocket(`ws://${host}:${port}/nowhere`)
  const [{ message }] = await once(socket, 'error')
  return message
})
await say('refused', () => once(new WebSocket(`ws://${host}:${closedPort}`), 'open'))
