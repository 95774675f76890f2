// Fills a directory with ever more files, then goes ever deeper, and prints how many nanoseconds operations take at each
// step. Needs `gc`.
import fs from 'node:fs'

const [directory] = process.argv.slice(2)
const perDirectory = 1000
const data = Buffer.alloc(16, 'x')
const windows = 9
const sample = 2000
/** Files that are used again and again, wherever they are. */
const few = 100

/** The best of some windows: what else the machine does, and collecting garbage, falls into the others. */
function nanoseconds(operation) {
  const taken = []
  for (let index = 0; index < sample; index++) operation(index)
  for (let window = 0; window < windows; window++) {
    const start = process.hrtime.bigint()
    for (let index = 0; index < sample; index++) operation(window * sample + index)
    taken.push(Number(process.hrtime.bigint() - start) / sample)
  }
  return Math.min(...taken)
}

function measure(nameOf) {
  return {
    stat: nanoseconds((index) => fs.statSync(nameOf(index))),
    read: nanoseconds((index) => fs.readFileSync(nameOf(index))),
    write: nanoseconds((index) => fs.writeFileSync(nameOf(index), data)),
  }
}

let made = 0
function fill(count) {
  for (; made < count; made++) {
    const folder = `${directory}/many/${Math.floor(made / perDirectory)}`
    if (made % perDirectory === 0) fs.mkdirSync(folder, { recursive: true })
    fs.writeFileSync(`${folder}/${made}`, data)
  }
}

// Steps that share no factor with the counts lead to files all over.
const nameOf = (index, count) => {
  const at = (index * 7919) % count
  return `${directory}/many/${Math.floor(at / perDirectory)}/${at}`
}

// Compiled before it is measured, for all that follows.
const warm = [1, 2, 3].map((name) => `${directory}/warm/${name}/file`)
for (const file of warm) {
  fs.mkdirSync(file.slice(0, file.lastIndexOf('/')), { recursive: true })
  fs.writeFileSync(file, data)
}
for (let round = 0; round < 3; round++) measure((index) => warm[index % warm.length])

for (const files of [1e2, 1e3, 1e4, 1e5, 1e6]) {
  fill(files)
  // What filling leaves behind would be collected meanwhile.
  gc()
  const hundred = Array.from({ length: few }, (_, index) => nameOf(index * 104_729, files))
  console.log(JSON.stringify({ files, ...measure((index) => hundred[index % few]) }))
  const names = new Map(Array.from({ length: files }, (_, index) => [nameOf(index, files), { index }]))
  const map = nanoseconds((index) => names.get(nameOf(index, files)).index)
  names.clear()
  console.log(JSON.stringify({ spread: files, map, ...measure((index) => nameOf(index, files)) }))
}

let path = `${directory}/deep`
for (const depth of [1, 10, 100]) {
  while (path.split('/').length - directory.split('/').length < depth) path += '/d'
  fs.mkdirSync(path, { recursive: true })
  const file = `${path}/file`
  fs.writeFileSync(file, data)
  console.log(JSON.stringify({ depth, ...measure(() => file) }))
}
