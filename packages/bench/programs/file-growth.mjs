// Fills a directory with ever more files, then goes ever deeper, and prints how many nanoseconds operations take at each step.
import fs from 'node:fs'

const [directory] = process.argv.slice(2)
const perDirectory = 1000
const data = Buffer.alloc(16, 'x')
const sample = 20_000

function nanoseconds(operation) {
  for (let index = 0; index < sample / 10; index++) operation(index)
  const start = process.hrtime.bigint()
  for (let index = 0; index < sample; index++) operation(index)
  return Number(process.hrtime.bigint() - start) / sample
}

function measure(nameOf) {
  return {
    stat: nanoseconds((index) => fs.statSync(nameOf(index))),
    read: nanoseconds((index) => fs.readFileSync(nameOf(index))),
    write: nanoseconds((index) => fs.writeFileSync(nameOf(index), data)),
  }
}

let made = 0
for (const count of [1e2, 1e3, 1e4, 1e5, 1e6]) {
  for (; made < count; made++) {
    const folder = `${directory}/many/${Math.floor(made / perDirectory)}`
    if (made % perDirectory === 0) fs.mkdirSync(folder, { recursive: true })
    fs.writeFileSync(`${folder}/${made}`, data)
  }
  // A step that shares no factor with the count visits files all over.
  const nameOf = (index) => {
    const at = (index * 7919) % count
    return `${directory}/many/${Math.floor(at / perDirectory)}/${at}`
  }
  console.log(JSON.stringify({ files: count, ...measure(nameOf) }))
}

let path = `${directory}/deep`
for (const depth of [1, 10, 100]) {
  while (path.split('/').length - directory.split('/').length < depth) path += '/d'
  fs.mkdirSync(path, { recursive: true })
  fs.writeFileSync(`${path}/file`, data)
  console.log(JSON.stringify({ depth, ...measure(() => `${path}/file`) }))
}
