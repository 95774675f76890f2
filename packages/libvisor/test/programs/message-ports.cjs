// Ports keep a program alive while somebody listens to them and they are referenced.
const { BroadcastChannel, MessageChannel, Worker } = require('node:worker_threads')
const start = Date.now()
process.on('exit', () => console.log('exit', Date.now() - start < 10_000))

const { port1, port2 } = new MessageChannel()
port1.on('message', (message) => {
  console.log('port', message)
  if (message === 2) port1.close()
})
port1.on('close', () => {
  console.log('closed')
  near.postMessage(21)
})
const idle = new MessageChannel()
idle.port1.on('message', () => {})
idle.port1.unref()

const global = new globalThis.MessageChannel()
global.port1.addEventListener('message', ({ data }) => {
  console.log('global', data)
  global.port1.close()
  setTimeout(() => {
    port2.postMessage(1)
    port2.postMessage(2)
  }, 20).unref()
})
global.port1.start()
global.port2.postMessage('a')

const source = `require('node:worker_threads').parentPort.on('message', (port) => {
  port.on('message', (number) => setTimeout(() => port.postMessage(number * 2), 200))
})`
const worker = new Worker(source, { eval: true })
const { port1: near, port2: far } = new MessageChannel()
worker.postMessage(far, [far])
worker.unref()
near.on('message', (number) => {
  console.log('worker', number)
  near.unref()
  const [first, second] = [new BroadcastChannel('news'), new BroadcastChannel('news')]
  second.addEventListener('message', ({ data }) => {
    console.log('broadcast', data)
    first.close()
    second.close()
  })
  setTimeout(() => first.postMessage('b'), 20).unref()
})
