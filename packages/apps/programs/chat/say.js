// Says what its arguments say, and prints what is said: say.js http://chat:3000 hello
const { io } = require('socket.io-client')

const [url, ...messages] = process.argv.slice(2)
const socket = io(url)

socket.on('chat message', (msg) => {
  console.log(msg)
  if (msg === messages.at(-1)) socket.disconnect()
})

socket.on('connect_error', (error) => {
  console.error(error.message)
})

for (const message of messages) socket.emit('chat message', message)
