const childProcess = require('node:child_process')
const fs = require('node:fs')
const { promisify } = require('node:util')
const show = (label, error) =>
  console.log(
    label,
    error instanceof Error,
    error.message,
    error.code,
    error.errno,
    error.syscall,
    error.path,
    error.spawnargs,
    error.status,
    error.pid,
  )
const asks = (label, call) => {
  try {
    const { error, ...rest } = call()
    show(label, error)
    console.log(rest)
  } catch (error) {
    show(label, error)
  }
}
asks('spawnSync', () => childProcess.spawnSync('no-such-program', ['a']))
asks('spawnSync, a path', () => childProcess.spawnSync('./no-such-program', ['a'], { encoding: 'utf8' }))
asks('execFileSync', () => childProcess.execFileSync('/no/such-program', ['a', 'b']))
asks('a shell', () => childProcess.execSync('true', { shell: '/no/such-shell' }))
const child = childProcess.spawn('no-such-program', ['a', 'b'])
console.log(child.pid, child.spawnfile, child.spawnargs, child.connected, typeof child.stdin)
child.on('error', (error) => {
  show('spawn', error)
  console.log(fs.existsSync(__filename), Object.keys(child).includes('emit'))
})
child.on('exit', () => console.log('exit'))
child.on('close', (...args) => console.log('close', args, child.exitCode))
childProcess.execFile('no-such-program', ['x'], (error, stdout, stderr) =>
  console.log('execFile', error.code, error.cmd, [stdout, stderr]),
)
promisify(childProcess.execFile)('no-such-program').catch((error) => show('promise', error))
