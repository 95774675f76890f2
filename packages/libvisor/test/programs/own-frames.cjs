// Prints the first frame of errors that calls of Node's modules throw, but for those of Node's own functions.
const fs = require('node:fs')
const show = (label, error) => {
  const frames = error.stack.split('\n').filter((line) => line.startsWith('    at ') && !line.includes('node:'))
  console.log(label, /[^ (]+:\d+:\d+|Array.*/.exec(frames[0])[0])
}
const calls = {
  readFileSync: () => fs.readFileSync('/no/such/file'),
  statSync: () => fs.statSync('/no/such/file'),
  writeFileSync: () => fs.writeFileSync('/no/such/file', ''),
  mkdirSync: () => fs.mkdirSync('/no/such/file'),
  readdirSync: () => fs.readdirSync('/no/such/file'),
  closeSync: () => fs.closeSync(999),
  wrong: () => fs.readFileSync(5.5),
  require: () => require(`${__dirname}/no-such-module`),
  inMap: () => [1].map(() => fs.readlinkSync('/no/such/link')),
  asCallback: () => ['/no/such/link'].forEach(fs.readlinkSync),
  spawnSync: () => {
    throw require('node:child_process').spawnSync('no-such-program').error
  },
}
for (const [label, call] of Object.entries(calls)) {
  try {
    call()
  } catch (error) {
    show(label, error)
  }
}
fs.readFile(__filename, () => show('callback', new Error('in a callback')))
