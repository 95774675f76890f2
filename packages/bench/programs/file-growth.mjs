// Answers each line of its input with a number: `fill 1000` makes as many files in all and gives their number, `dig 10` goes as many
// directories down and gives that; `few`, `spread` and `deep`, each with an operation, give how many nanoseconds it takes. Needs `gc`.
import realFs from 'node:fs'
import { createInterface } from 'node:readline'

const [directory, kind = 'fs'] = process.argv.slice(2)
const fs = kind === 'memfs' ? await createMemfs() : realFs
const perDirectory = 1000
const data = Buffer.alloc(16, 'x')
const windows = 9
const sample = 2000
/** Files that are used again and again, wherever they are. */
const few = 100

async function createMemfs() {
  const { createFsFromVolume, Volume } = await import('memfs')
  return createFsFromVolume(new Volume())
}

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

let names = new Map()
let made = 0
let deepest = ''
let hundred = []

const operations = {
  stat: (nameOf) => nanoseconds((index) => fs.statSync(nameOf(index))),
  read: (nameOf) => nanoseconds((index) => fs.readFileSync(nameOf(index))),
  write: (nameOf) => nanoseconds((index) => fs.writeFileSync(nameOf(index), data)),
  map: (nameOf) => nanoseconds((index) => names.get(nameOf(index)).index),
}

// Steps that share no factor with the counts lead to files all over.
const anyName = (index) => {
  const at = (index * 7919) % made
  return `${directory}/many/${Math.floor(at / perDirectory)}/${at}`
}

const questions = {
  fill(count) {
    for (; made < Number(count); made++) {
      const folder = `${directory}/many/${Math.floor(made / perDirectory)}`
      if (made % perDirectory === 0) fs.mkdirSync(folder, { recursive: true })
      fs.writeFileSync(`${folder}/${made}`, data)
    }
    names = new Map(Array.from({ length: made }, (_, index) => [anyName(index), { index }]))
    hundred = Array.from({ length: few }, (_, index) => anyName(index * 104_729))
    return settled(made)
  },
  dig(depth) {
    const folder = `${directory}/deep${'/d'.repeat(Number(depth) - 1)}`
    fs.mkdirSync(folder, { recursive: true })
    deepest = `${folder}/file`
    fs.writeFileSync(deepest, data)
    return settled(Number(depth))
  },
  few: (operation) => operations[operation]((index) => hundred[index % few]),
  spread: (operation) => operations[operation](anyName),
  deep: (operation) => operations[operation](() => deepest),
}

/** What has been left behind would be collected while something is measured. */
function settled(answer) {
  gc()
  return answer
}

// Compiled before anything is measured, for all that follows.
const warm = Array.from({ length: few }, (_, index) => `${directory}/warm/${index}/file`)
for (const file of warm) {
  fs.mkdirSync(file.slice(0, file.lastIndexOf('/')), { recursive: true })
  fs.writeFileSync(file, data)
}
for (let round = 0; round < 3; round++) {
  for (const name of ['stat', 'read', 'write']) operations[name]((index) => warm[index % few])
}

for await (const line of createInterface(process.stdin)) {
  const [name, argument] = line.split(' ')
  console.log(questions[name](argument))
}
