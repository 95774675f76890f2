// Answers each line of its input, an operation and a number of milliseconds, with how many nanoseconds one took meanwhile.
import realFs from 'node:fs'
import { createInterface } from 'node:readline'

const [directory, kind = 'fs'] = process.argv.slice(2)
const fs = kind === 'memfs' ? await createMemfs() : realFs
fs.mkdirSync(`${directory}/files`, { recursive: true })
const data = Buffer.alloc(1024, 'x')
const file = `${directory}/files/file.bin`
fs.writeFileSync(file, data)

const operations = {
  write: () => fs.writeFileSync(file, data),
  read: () => check(fs.readFileSync(file)),
  stat: () => check({ length: fs.statSync(file).size }),
  'promises.readFile': async () => check(await fs.promises.readFile(file)),
}

async function createMemfs() {
  const { createFsFromVolume, Volume } = await import('memfs')
  return createFsFromVolume(new Volume())
}

function check({ length }) {
  if (length !== data.length) throw new Error(`${length} bytes`)
}

/** Compiled and cached before it is measured: what a line asks for is first done this often. */
const warmUp = 2000
const known = new Set()

async function repeat(operation, times) {
  if (operation !== operations['promises.readFile']) for (let index = 0; index < times; index++) operation()
  // As servers do: several at a time.
  else for (let index = 0; index < times; index += 10) await Promise.all(Array.from({ length: 10 }, operation))
}

for await (const line of createInterface(process.stdin)) {
  const [name, milliseconds] = line.split(' ')
  const operation = operations[name]
  if (!known.has(name)) await repeat(operation, warmUp)
  known.add(name)
  const start = process.hrtime.bigint()
  const end = start + BigInt(milliseconds) * 1_000_000n
  let times = 0
  let now = start
  while (now < end) {
    await repeat(operation, 100)
    times += 100
    now = process.hrtime.bigint()
  }
  console.log(Number(now - start) / times)
}
