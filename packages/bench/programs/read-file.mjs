// Prints how many nanoseconds one readFileSync() of the given file takes.
import { readFileSync } from 'node:fs'

const [file, milliseconds] = process.argv.slice(2)
const expected = Number(process.argv[4])

function read(times) {
  let bytes = 0
  for (let index = 0; index < times; index++) bytes += readFileSync(file).length
  if (bytes !== times * expected) throw new Error(`read ${bytes} bytes`)
}

// Compiled and cached before it is measured.
read(5000)
const start = process.hrtime.bigint()
const end = start + BigInt(milliseconds) * 1_000_000n
let times = 0
let now = start
while (now < end) {
  read(500)
  times += 500
  now = process.hrtime.bigint()
}
console.log(Number(now - start) / times)
