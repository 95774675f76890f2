// Reads a file of 512 MB through a stream, and prints how much memory the buffers took that were not given back yet.
import fs from 'node:fs'

const path = '/memory/large'
const piece = Buffer.alloc(2 ** 20, 'x')
for (let count = 0; count < 512; count++) fs.appendFileSync(path, piece)
gc()
const before = process.memoryUsage().arrayBuffers
let mostHeld = 0
let read = 0
for await (const chunk of fs.createReadStream(path)) {
  read += chunk.length
  mostHeld = Math.max(mostHeld, process.memoryUsage().arrayBuffers - before)
}
console.log(JSON.stringify({ read, mostHeld }))
