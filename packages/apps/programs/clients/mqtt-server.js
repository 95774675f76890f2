import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const broker = await Aedes.createBroker({
  heartbeatInterval: 5000,
  authenticate: (client, username, password, callback) =>
    callback(username === 'stranger' ? Object.assign(new Error('denied'), { returnCode: 5 }) : null, true),
})
createServer(broker.handle).listen(process.env.PORT, () => console.log('listening'))
