import { original } from '@libvisor/abi'
import { callNative, VisorError } from '@libvisor/core'
import { openSwitchStream, serveSwitchStream } from '@libvisor/net'
import type { StreamAttachment, Switch, SwitchPort } from '@libvisor/net'
import type * as net from 'node:net'
import { checkShape } from '../config/schema.ts'

/** What the two processes say to each other. Others must be of the same one. */
const PROTOCOL = 1

/** The longest line with which they begin. @units bytes */
const LONGEST = 16 * 1024

const NEWLINE = 0x0a

/** Who is on the network from another process. */
export interface RemoteGuest {
  readonly name: string
  /** More names by which others find it. */
  readonly aliases: readonly string[]
}

/** The first line, from the guest's process. */
interface JoinRequest extends RemoteGuest {
  readonly protocol: number
}

/** The second line, from the network's process. What follows are frames. */
type JoinAnswer = Omit<StreamAttachment, 'stream'> | { readonly refused: string }

/**
 * Has guests of other processes join a network, through a unix socket.
 *
 * @param network - in this thread
 * @param path - of the socket. One that a killed process has left is replaced
 * @returns stops listening, removes the socket, and cuts those off that have joined. It does not keep the event loop alive
 * @throws {VisorError} VISOR_ADDRESS_IN_USE when it cannot be listened on, saying why
 */
export async function serveNetwork(network: Switch, path: string): Promise<Disposable> {
  const joined = new Set<net.Socket>()
  const welcome = async (socket: net.Socket): Promise<void> => {
    joined.add(socket)
    socket.once('close', () => joined.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.unref()
    const port = attach(network, await readLine(socket))
    if (typeof port === 'string') return void socket.end(lineOf({ refused: port }))
    const { address, network: block } = port
    socket.write(lineOf({ address, network: block }))
    serveSwitchStream(port, socket)
  }
  const { createServer } = original('net')
  const server = callNative(() => createServer((socket) => void welcome(socket).catch(() => socket.destroy())))
  try {
    await listen(server, path)
  } catch (cause) {
    throw new VisorError('VISOR_ADDRESS_IN_USE', `No network can be at '${path}': ${(cause as Error).message}`, {
      cause,
    })
  }
  server.unref()
  return {
    [Symbol.dispose]() {
      server.close()
      for (const socket of joined) socket.destroy()
    },
  }
}

/**
 * Joins the network of another process.
 *
 * @param path - of its socket
 * @param guest - who joins
 * @returns for the guest's stack. It does not keep the event loop alive; when the other process ends, the guest has nobody but itself
 * @throws {VisorError} VISOR_OPTION_INVALID when there is no network, or it refuses the guest, saying why
 */
export async function joinNetwork(path: string, guest: RemoteGuest): Promise<SwitchPort> {
  const refuse = (why: string, cause?: unknown): VisorError =>
    new VisorError('VISOR_OPTION_INVALID', `The network at '${path}' cannot be joined: ${why}`, {
      cause,
      hint: `Start one with: visor network ${path}`,
    })
  const socket = callNative(() => original('net').connect(path))
  let answer: JoinAnswer
  try {
    socket.write(lineOf({ protocol: PROTOCOL, ...guest }))
    answer = JSON.parse(await readLine(socket)) as JoinAnswer
  } catch (error) {
    socket.destroy()
    throw refuse((error as Error).message, error)
  }
  if ('refused' in answer) throw refuse(answer.refused)
  return openSwitchStream({ ...answer, stream: socket.unref() })
}

/** @returns where the guest is attached, or why it is not */
function attach(network: Switch, text: string): SwitchPort | string {
  try {
    const { protocol, ...guest } = JSON.parse(text) as JoinRequest
    if (protocol !== PROTOCOL) return `it is of another version of libvisor (protocol ${PROTOCOL}, not ${protocol})`
    checkShape('request to join a network', guest)
    return network.attachLocal(guest.name, guest)
  } catch (error) {
    return (error as Error).message
  }
}

function lineOf(message: JoinAnswer | JoinRequest): string {
  return `${JSON.stringify(message)}\n`
}

/** Reads a line, and nothing of what follows it. @throws {Error} what befell the socket, or that it was no line */
function readLine(socket: net.Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let read = Buffer.alloc(0)
  const look = (): void => {
    for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
      read = Buffer.concat([read, piece])
      const end = read.indexOf(NEWLINE)
      if (end === -1 && read.length < LONGEST) continue
      socket.off('readable', look)
      if (end === -1) return reject(new Error('there is something else'))
      if (end + 1 < read.length) socket.unshift(read.subarray(end + 1))
      return resolve(read.toString('utf8', 0, end))
    }
  }
  socket.on('readable', look)
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('it has hung up')))
  return promise
}

/** @throws {Error} of Node, when somebody listens there already, or nobody can */
async function listen(server: net.Server, path: string): Promise<void> {
  const attempt = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    })
  try {
    await attempt()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !(await isAbandoned(path))) throw error
    original('fs').rmSync(path)
    await attempt()
  }
}

/** Whether a socket is there on which nobody listens any more. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = callNative(() => original('net').connect(path))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'))
  })
}
