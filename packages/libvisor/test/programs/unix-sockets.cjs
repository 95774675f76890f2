// Rule 46: what becomes of the files of unix sockets.
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { text } = require('node:stream/consumers')

const dir = fs.mkdtempSync('/tmp/sockets-')
const at = (name) => path.join(dir, name)
const say = (what, ...rest) => console.log(`${what}:`, ...rest)
const failureOf = async (emitter) => {
  const [error] = await once(emitter, 'error')
  const { message, code, errno, syscall } = error
  return [message.replaceAll(dir, '<dir>'), code, errno, syscall, error.address?.replace(dir, '<dir>')]
}
const listen = (options) => once(net.createServer((socket) => socket.end('hello')).listen(options), 'listening')

async function main() {
  say('missing', await failureOf(net.connect(at('missing'))))
  fs.writeFileSync(at('file'), '')
  say('a regular file', await failureOf(net.connect(at('file'))))
  say('taken by a file', await failureOf(net.createServer().listen(at('file'))))
  const longest = at('x'.repeat(107 - dir.length))
  const long = net.createServer().listen(longest)
  await once(long, 'listening')
  say('longest', long.address() === longest)
  long.close()
  // Node 22 cuts off what is more.
  if (!process.version.startsWith('v22.')) {
    say('too long', await failureOf(net.createServer().listen(`${longest}x`)))
    say('too long to connect', await failureOf(net.connect(`${longest}x`)))
  }

  const server = net.createServer((socket) => socket.end('hello')).listen(at('app.sock'))
  await once(server, 'listening')
  const stat = fs.lstatSync(at('app.sock'))
  say('file', stat.isSocket(), (stat.mode & 0o777).toString(8), fs.readdirSync(dir))
  say('address', server.address().replace(dir, '<dir>'))
  say('taken by a socket', await failureOf(net.createServer().listen(at('app.sock'))))
  say('answer', await text(net.connect({ path: at('app.sock') })))
  fs.symlinkSync('app.sock', at('link'))
  say('over a link', await text(net.connect(at('link'))))
  process.chdir(dir)
  say('relative', await text(net.connect('app.sock')))
  fs.renameSync(at('app.sock'), at('moved.sock'))
  say('moved', await text(net.connect(at('moved.sock'))))
  fs.renameSync(at('moved.sock'), at('app.sock'))
  server.close()
  await once(server, 'close')
  say('unlinked on close', fs.existsSync(at('app.sock')))

  for (const [name, options] of Object.entries({
    readable: { readableAll: true },
    writable: { writableAll: true },
    both: { readableAll: true, writableAll: true },
  })) {
    const open = net.createServer().listen({ path: at(name), ...options })
    await once(open, 'listening')
    say(name, (fs.statSync(at(name)).mode & 0o777).toString(8))
    open.close()
  }

  const left = net.createServer().listen(at('left.sock'))
  await once(left, 'listening')
  fs.unlinkSync(at('left.sock'))
  await listen(at('left.sock')).then(() => say('name used again', fs.existsSync(at('left.sock'))))
  left.close()
  process.chdir('/')
  process.exit()
}
main()
