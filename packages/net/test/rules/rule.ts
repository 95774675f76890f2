/** The rules of docs/rules.md: each has bodies by its number, which assert what must hold and are run natively and in a guest. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type net from 'node:net'
import { parity } from '@libvisor/testkit/parity'
import { scenes, transports } from '../harness/scene.ts'
import type { Scene } from '../harness/scene.ts'

/**
 * Runs one body natively and in a guest.
 *
 * @param number - of the rule
 * @param title - a sentence about what holds
 * @param body - asserts it
 */
export function rule(number: number, title: string, body: (scene: Scene) => unknown): void {
  parity(`rule ${number}: ${title}`, scenes, async (scene) => void (await body(scene)))
}

/** The same for a body that only works with a {@link pair}: over each transport, too. */
export function ruleOfStreams(number: number, title: string, body: (scene: Scene) => unknown): void {
  parity(`rule ${number}: ${title}`, { ...scenes, ...transports }, async (scene) => void (await body(scene)))
}

/** A server that listens, and is closed with its sockets in the end. */
export interface Listening extends AsyncDisposable {
  readonly server: net.Server
  readonly port: number
  readonly address: string
}

/** Listens. @throws {Error} what the server says where it cannot */
export async function listen(server: net.Server, ...args: unknown[]): Promise<Listening> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    // Which side hears of an end first depends on who was faster.
    socket.on('error', () => {})
  })
  server.listen(...(args as [number]))
  await once(server, 'listening')
  const bound = server.address()
  const { port, address } = typeof bound === 'object' && bound !== null ? bound : { port: 0, address: bound ?? '' }
  return {
    server,
    port,
    address,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

/** A connected pair. */
export interface Pair extends AsyncDisposable {
  readonly client: net.Socket
  readonly accepted: net.Socket
}

/** Connects two sockets. */
export async function pair(scene: Scene, options: net.ServerOpts & net.SocketConstructorOpts = {}): Promise<Pair> {
  const { net: servers, clients = servers, host } = scene
  const listening = await listen(servers.createServer(options), 0, host === undefined ? '127.0.0.1' : '0.0.0.0')
  const client = clients.connect({ ...options, port: listening.port, host: host ?? '127.0.0.1' })
  const [[accepted]] = (await Promise.all([once(listening.server, 'connection'), once(client, 'connect')])) as [
    [net.Socket],
    unknown,
  ]
  return {
    client,
    accepted,
    async [Symbol.asyncDispose]() {
      client.on('error', () => {}).destroy()
      await listening[Symbol.asyncDispose]()
    },
  }
}

/** The failure that a socket or server tells. */
export async function failureOf(emitter: NodeJS.EventEmitter): Promise<NodeJS.ErrnoException> {
  const [error] = (await once(emitter, 'error')) as [NodeJS.ErrnoException]
  return error
}

/** Asserts that listening fails. */
export async function refuses(code: string, server: net.Server, ...args: unknown[]): Promise<void> {
  server.listen(...(args as [number]))
  const error = await failureOf(server)
  assert.equal(error.code, code, error.message)
}
