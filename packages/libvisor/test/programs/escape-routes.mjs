// Tries every way out there is, to the destinations that are given, and prints what each led to.
import childProcess, { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import dgram from 'node:dgram'
import dns from 'node:dns'
import http, { get, request } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { createRequire } from 'node:module'
import net, { connect, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import { Worker } from 'node:worker_threads'
import * as undici from 'undici'

const { port, hosts, unixSocket } = JSON.parse(process.argv[2])
const require = createRequire(import.meta.url)

const body = async (sent) => {
  const [response] = await once(sent, 'response')
  return text(response)
}
const raw = async (socket) => {
  socket.write('GET / HTTP/1.0\r\n\r\n')
  return (await text(socket)).split('\r\n\r\n')[1]
}
const commonjs = (code) => `
  const net = require('node:net')
  const done = (result) => ${code}
  const socket = net.connect(${port}, host)
  let answer = ''
  socket.on('error', ({ code }) => done(code))
  socket.on('data', (data) => (answer += data)).on('end', () => done(answer.split('\\r\\n\\r\\n')[1]))
  socket.write('GET / HTTP/1.0\\r\\n\\r\\n')`

const routes = {
  'http.get': (host) => body(http.get({ host, port, agent: false })),
  'get of http': (host) => body(get({ host, port, agent: false })),
  'request of http, kept': (host) => body(request({ host, port }).end()),
  'require of http': (host) => body(require('node:http').get({ host, port, agent: false })),
  getBuiltinModule: (host) => body(process.getBuiltinModule('http').get({ host, port, agent: false })),
  'with a look-up of its own': (host) =>
    body(
      http.get({
        host,
        port,
        agent: false,
        lookup: (_name, _options, done) => done(null, [{ address: '192.0.2.88', family: 4 }]),
      }),
    ),
  https: (host) => body(https.get({ host, port, agent: false })),
  fetch: async (host) => (await fetch(`http://${host}:${port}/`)).text(),
  'undici.request': async (host) => (await undici.request(`http://${host}:${port}/`)).body.text(),
  'undici.fetch': async (host) => (await undici.fetch(`http://${host}:${port}/`)).text(),
  'undici.Client': async (host) =>
    (await new undici.Client(`http://${host}:${port}`).request({ path: '/', method: 'GET' })).body.text(),
  connect: (host) => raw(connect(port, host)),
  'net.createConnection': (host) => raw(net.createConnection({ port, host })),
  'Socket.connect': (host) => raw(new Socket().connect({ port, host })),
  tls: async (host) => raw(tls.connect({ port, host, rejectUnauthorized: false })),
  http2: async (host) => {
    const session = http2.connect(`http://${host}:${port + 1}`)
    const failed = once(session, 'error').then(([error]) => Promise.reject(error))
    const stream = session.request()
    stream.on('error', () => {})
    const answer = await Promise.race([text(stream), failed])
    session.close()
    return answer
  },
  WebSocket: async (host) => {
    const socket = new WebSocket(`ws://${host}:${port}/`)
    try {
      return await Promise.race([
        once(socket, 'message').then(([{ data }]) => data),
        // Which error it tells is not said.
        once(socket, 'error').then(() => Promise.reject(Object.assign(new Error(), { code: 'refused' }))),
      ])
    } finally {
      socket.close()
    }
  },
  UDP: async (host) => {
    const socket = dgram.createSocket('udp4')
    try {
      const heard = once(socket, 'message')
      await new Promise((resolve, reject) =>
        socket.send('who?', port, host, (error) => (error === null ? resolve() : reject(error))),
      )
      const timedOut = new Promise((_resolve, reject) =>
        setTimeout(reject, 300, Object.assign(new Error(), { code: 'silent' })).unref(),
      )
      return String((await Promise.race([heard, timedOut]))[0])
    } finally {
      socket.close()
    }
  },
  'dns.Resolver': async (host) => {
    const resolver = new dns.promises.Resolver({ timeout: 300, tries: 1 })
    const address = net.isIP(host) ? host : (await dns.promises.lookup(host)).address
    resolver.setServers([`${address}:${port}`])
    const [found] = await resolver.resolve4('name.test')
    return found === '192.0.2.88' ? 'virtual' : found
  },
  Worker: async (host) => {
    const code = `const host = ${JSON.stringify(host)}; ${commonjs(`require('node:worker_threads').parentPort.postMessage(result)`)}`
    const worker = new Worker(code, { eval: true })
    const [answer] = await once(worker, 'message')
    await worker.terminate()
    if (answer === 'virtual') return answer
    throw Object.assign(new Error(), { code: answer })
  },
  child: async (host) => {
    const code = `const host = ${JSON.stringify(host)}; ${commonjs('console.log(result)')}`
    const answer = await new Promise((resolve, reject) =>
      execFile(process.execPath, ['-e', code], (error, stdout) =>
        error === null ? resolve(stdout.trim()) : reject(error),
      ),
    )
    if (answer === 'virtual') return answer
    throw Object.assign(new Error(), { code: answer })
  },
  curl: async (host) => String(childProcess.execFileSync('curl', ['-s', `http://${host}:${port}/`])),
  fork: async () => {
    const child = fork('/no/such/program.js')
    const [code] = await once(child, 'exit')
    throw Object.assign(new Error(), { code })
  },
}
const alone = {
  'unix socket': async () => raw(net.connect(unixSocket)),
  'http over a unix socket': () => body(http.get({ socketPath: unixSocket, agent: false })),
  'dns.lookup': () => dns.promises.lookup('outside.test').then(JSON.stringify),
  'dns.resolve4': () => dns.promises.resolve4('outside.test').then(JSON.stringify),
  'net.Socket({ fd })': async () => raw(new net.Socket({ fd: 9 })),
  'process.binding': async () => String(process.binding('tcp_wrap')),
}

const codesOf = (error) => {
  const causes = [error, error?.cause, ...(error?.errors ?? []), ...(error?.cause?.errors ?? [])]
  const codes = causes.map((cause) => cause?.code).filter((code) => code !== undefined)
  return codes.find((code) => String(code).startsWith('VISOR')) ?? codes.at(-1) ?? String(error)
}
const limit = () =>
  new Promise((_resolve, reject) => setTimeout(reject, 5000, Object.assign(new Error(), { code: 'no answer' })).unref())
const settle = async (go) => {
  try {
    return await Promise.race([go(), limit()])
  } catch (error) {
    return codesOf(error)
  }
}

const report = {}
for (const [name, route] of Object.entries(routes)) {
  report[name] = {}
  for (const [kind, host] of Object.entries(hosts)) report[name][kind] = await settle(() => route(host))
}
for (const [name, route] of Object.entries(alone)) report[name] = await settle(route)
console.log(JSON.stringify(report))
process.exit()
