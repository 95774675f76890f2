// What a program sees of its files when a synchronous child process has changed them, in the callback in which it looked before.
const { execSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const directory = process.argv[2]
const at = (name) => path.join(directory, name)
const finds = (name) => {
  try {
    return require.resolve(at(name)) === at(name)
  } catch (error) {
    return error.code
  }
}
const look = (...more) => {
  delete require.cache[at('counted.js')]
  const link = fs.readFileSync(at('current/name.txt'), 'utf8')
  console.log(
    JSON.stringify([require(at('counted.js')), link, fs.existsSync(at('made.js')), fs.readdirSync(directory), ...more]),
  )
}

look(finds('made.js'))
look()
execSync('echo "module.exports = 2" > counted.js; touch made.js; ln -sfn second current', { cwd: directory })
look(finds('made.js'))
execSync('echo "module.exports = 33" > counted.js; rm made.js; ln -sfn first current', { cwd: directory })
look()
