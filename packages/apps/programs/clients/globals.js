// What comes with Node.
import { once } from 'node:events'
import { closedPort, distinct, host, port, say, times } from './say.js'

const origin = `http://${host}:${port}`
const body = new Uint8Array(2_000_000).fill(7)

await say('text', async () => (await fetch(`${origin}/text`)).text())
await say('one after the other', async () => {
  const seen = []
  for (let index = 0; index < 5; index++) seen.push(await (await fetch(`${origin}/connection`)).text())
  return distinct(seen) < 5
})
await say('at once', async () => (await times(20, async () => (await fetch(`${origin}/text`)).text())).join(' ').length)
await say('upload', async () => {
  const answer = await fetch(`${origin}/echo`, { method: 'POST', body })
  return (await answer.bytes()).length
})
await say('download', async () => {
  let length = 0
  for await (const chunk of (await fetch(`${origin}/large`)).body) length += chunk.length
  return length
})
await say('gzip', async () => (await fetch(`${origin}/gzip`)).text())
await say('redirect', async () => new URL((await fetch(`${origin}/redirect`)).url).pathname)
await say('status', async () => (await fetch(`${origin}/unavailable`)).status)
await say('time-out', () => fetch(`${origin}/slow`, { signal: AbortSignal.timeout(20) }))
await say('reset', () => fetch(`${origin}/reset`))
await say('half of it', async () => (await fetch(`${origin}/half`)).text())
await say('refused', () => fetch(`http://${host}:${closedPort}`))

await say('socket', async () => {
  const socket = new WebSocket(`ws://${host}:${port}/socket`)
  socket.binaryType = 'arraybuffer'
  await once(socket, 'open')
  const seen = []
  for (const message of ['text', new Uint8Array(500_000)]) {
    socket.send(message)
    const [{ data }] = await once(socket, 'message')
    seen.push(typeof data === 'string' ? data : data.byteLength)
  }
  socket.send('close')
  const [{ code, reason }] = await once(socket, 'close')
  return [...seen, code, reason]
})
await say('broken socket', async () => {
  const socket = new WebSocket(`ws://${host}:${port}/socket`)
  await once(socket, 'open')
  socket.send('break')
  const [{ code, wasClean }] = await once(socket, 'close')
  return [code, wasClean]
})
await say('refused socket', async () => {
  const socket = new WebSocket(`ws://${host}:${closedPort}/socket`)
  // Node 22 says nothing of a close.
  const { type } = await new Promise((resolve) => (socket.onerror = resolve))
  return type
})
