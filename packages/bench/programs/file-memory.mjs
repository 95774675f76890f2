// Prints how much more memory the process takes: at most while a file of 1 GB is written and read through streams, and at the end
// of many times opening and closing. Needs `gc`.
import fs from 'node:fs'
import { pipeline } from 'node:stream/promises'

const [directory] = process.argv.slice(2)
const MIB = 2 ** 20
const fileBytes = 2 ** 30
const piece = Buffer.alloc(64 * 1024, 'x')

async function streams() {
  const path = `${directory}/large`
  fs.writeFileSync(path, piece)
  gc()
  const before = process.memoryUsage().rss
  let peak = before
  let count = 0
  const look = () => {
    if (count++ % 256 === 0) peak = Math.max(peak, process.memoryUsage().rss)
  }
  const pieces = function* () {
    for (let made = 0; made < fileBytes; made += piece.length) {
      look()
      yield piece
    }
  }
  await pipeline(pieces, fs.createWriteStream(path))
  const written = peak - before
  let read = 0
  for await (const chunk of fs.createReadStream(path)) {
    look()
    read += chunk.length
  }
  if (read !== fileBytes) throw new Error(`${read} bytes were read`)
  fs.unlinkSync(path)
  return { written: written / MIB, read: (peak - before) / MIB }
}

async function openAndClose(times) {
  const path = `${directory}/small`
  fs.writeFileSync(path, 'x')
  for (let index = 0; index < times; index += 3) {
    fs.closeSync(fs.openSync(path))
    const handle = await fs.promises.open(path)
    await handle.close()
    await new Promise((resolve, reject) => {
      fs.open(path, (error, fd) => (error === null ? fs.close(fd, resolve) : reject(error)))
    })
  }
}

async function used() {
  // Handles are seen to be gone in a turn of their own.
  for (let round = 0; round < 3; round++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const { written, read } = await streams()
await openAndClose(10_000)
const before = await used()
await openAndClose(100_000)
console.log(
  JSON.stringify({ written, read, leaked: ((await used()) - before) / MIB, fd: fs.openSync(`${directory}/small`) }),
)
