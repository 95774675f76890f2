import { fileURLToPath } from 'node:url'
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const proto = fileURLToPath(new URL('greeter.proto', import.meta.url))
const { Greeter } = grpc.loadPackageDefinition(loadSync(proto, { defaults: true }))
const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 })
server.addService(Greeter.service, {
  greet({ request, metadata }, callback) {
    if (request.text === 'nobody') {
      const details = new grpc.Metadata()
      details.set('reason', 'on purpose')
      callback({ code: grpc.status.NOT_FOUND, details: 'nobody of that name', metadata: details })
    } else if (request.text !== 'silence') {
      callback(null, { text: `hello ${request.text}${metadata.get('mark')}`, number: request.data.length })
    }
  },
  async count(call) {
    for (let number = 1; number <= call.request.number && !call.cancelled; number++) {
      if (!call.write({ number, data: Buffer.alloc(1000) })) await new Promise((resolve) => call.once('drain', resolve))
    }
    call.end()
  },
  add(call, callback) {
    let sum = 0
    call.on('data', ({ number }) => (sum += number)).on('end', () => callback(null, { number: sum }))
  },
  chat(call) {
    call.on('data', ({ text }) => call.write({ text: text.toUpperCase() })).on('end', () => call.end())
  },
})
server.bindAsync(`0.0.0.0:${process.env.PORT}`, grpc.ServerCredentials.createInsecure(), () => console.log('listening'))
