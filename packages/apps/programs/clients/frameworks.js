import { once } from 'node:events'
import { io } from 'socket.io-client'
import { closedPort, host, port, say, times } from './say.js'

const origin = `http://${host}:${port}`
const headers = { 'content-type': 'application/json' }

for (const framework of ['express', 'fastify', 'koa', 'hono']) {
  const ask = (path, init) => fetch(`${origin}/${framework}/${path}`, init)
  await say(`${framework}: at once`, async () => {
    const answers = await times(20, async (index) => (await ask(`greet/${index}`)).json())
    return answers.at(-1)
  })
  await say(`${framework}: a large body`, async () => {
    const answer = await ask('size', { method: 'POST', headers, body: JSON.stringify({ text: 'x'.repeat(1_000_000) }) })
    return [answer.status, await answer.json()]
  })
  await say(`${framework}: a stream`, async () => (await (await ask('stream')).text()).length)
  await say(`${framework}: what fails`, async () => (await ask('fail')).status)
  await say(`${framework}: what is not there`, async () => (await ask('nowhere')).status)
}

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  await say(`socket.io by ${transports.join(' and ')}`, async () => {
    const socket = io(origin, { transports, reconnection: false, forceNew: true })
    const answers = await times(20, (number) => socket.emitWithAck('double', number))
    const left = new Promise((resolve) => socket.once('disconnect', resolve))
    socket.emit('leave')
    return [answers.at(-1), await left]
  })
}
await say('socket.io that is refused', async () => {
  const socket = io(`http://${host}:${closedPort}`, { transports: ['websocket'], reconnection: false })
  const [error] = await once(socket, 'connect_error')
  return error.message
})
