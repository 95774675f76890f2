// Answers each line of its input, a number of milliseconds, with how many nanoseconds one readFileSync() took meanwhile.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [file, size] = process.argv.slice(2)
const expected = Number(size)

function read(times) {
  let bytes = 0
  for (let index = 0; index < times; index++) bytes += readFileSync(file).length
  if (bytes !== times * expected) throw new Error(`read ${bytes} bytes`)
}

// Compiled and cached before it is measured.
read(20_000)
for await (const milliseconds of createInterface(process.stdin)) {
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
}
