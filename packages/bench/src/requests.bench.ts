import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { program, visorRun } from './commands.native.ts'
import { measureTogether } from './comparison.ts'
import type { Comparison, Running } from './comparison.ts'

const connections = 16
const windowMs = 150
/** Until what is called has been compiled. */
const warmUpMs = 1500

/** Requests per second that an express app answers, published on a port of the host. */
export async function requestsPerSecond(runs: number): Promise<Comparison> {
  const app = program('express-app.mjs')
  const measured = await measureTogether(
    runs,
    async () => {
      const port = await freePort()
      return startServer(port, [app], { PORT: String(port) })
    },
    async () => {
      const port = await freePort()
      return startServer(port, visorRun('-p', `${port}:3000`, '-e', 'PORT=3000', app))
    },
  )
  return { name: 'requests to an express app', unit: '/s', ...measured, target: { bound: 'at least', ratio: 0.9 } }
}

async function startServer(port: number, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)
  await Promise.race([
    once(lines, 'line'),
    exited.then(([code]) => Promise.reject(new Error(`node ${args.join(' ')} ended with ${code}`))),
  ])
  child.stdout.resume()
  await load(port, warmUpMs)
  return {
    measure: () => load(port, windowMs),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Keeps a fixed number of connections busy for a while, one request at a time on each. It reads no more of an answer
 * than where it ends, so that the server, not this loop, is what is measured.
 */
async function load(port: number, durationMs: number): Promise<number> {
  const start = performance.now()
  const end = start + durationMs
  const counts = await Promise.all(Array.from({ length: connections }, () => connection(port, end)))
  const answered = counts.reduce((sum, count) => sum + count, 0)
  return (answered * 1000) / (performance.now() - start)
}

const request = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n')

function connection(port: number, end: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    let answered = 0
    let length = 0
    let received = 0
    socket.setNoDelay()
    socket.on('error', reject)
    socket.on('connect', () => socket.write(request))
    socket.on('close', () => resolve(answered))
    socket.on('data', (chunk) => {
      // All answers are of one length, which the first one tells.
      if (length === 0) length = lengthOf(chunk)
      received += chunk.length
      if (received < length) return
      received -= length
      answered++
      if (performance.now() < end) socket.write(request)
      else socket.end()
    })
  })
}

function lengthOf(answer: Buffer): number {
  const text = answer.toString('latin1')
  const head = text.indexOf('\r\n\r\n')
  const [, body] = /^content-length: (\d+)$/im.exec(text.slice(0, head)) ?? []
  if (!text.startsWith('HTTP/1.1 200 ') || body === undefined) throw new Error(`unexpected answer:\n${text}`)
  return head + 4 + Number(body)
}
