import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { program, visorRun } from './commands.native.ts'
import { measureTogether } from './comparison.ts'
import type { Comparison, Running } from './comparison.ts'
import { load, warmUpMs, windowMs } from './load.ts'

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
