import { host, original } from '@libvisor/abi'
import type { GuestHandle } from './guest-handle.native.ts'
import { describeGuest } from './guest-description.ts'
import type { GuestDescription } from './guest-description.ts'

/** The longest question that is listened to. @units bytes */
const LONGEST = 4096

/** What is asked over a control socket: a line of JSON. */
export interface ControlRequest {
  /** Names of guests; empty for all. */
  readonly inspect: readonly string[]
}

/** What is answered. */
export interface ControlAnswer {
  readonly guests: readonly GuestDescription[]
}

let lastNumber = 0

/**
 * Has other processes of the same user ask about the guests of a host: through a socket in a directory that is that user's alone.
 *
 * @param directory - of sockets; made when it is not there
 * @param guests - that are told of
 * @returns closes the socket; it does not keep the process alive
 */
export function openControlSocket(directory: string, guests: ReadonlyMap<string, GuestHandle>): Disposable {
  const fs = original('fs')
  const { process } = host
  if (!isOwnDirectory(directory)) return { [Symbol.dispose]() {} }
  const path = `${directory}/${process.pid}-${++lastNumber}.sock`
  fs.rmSync(path, { force: true })
  const server = original('net').createServer({ allowHalfOpen: true }, (socket) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('data', (piece: string) => {
      text += piece
      const end = text.indexOf('\n')
      if (end === -1 && text.length < LONGEST) return
      socket.removeAllListeners('data').resume()
      answer(text.slice(0, end), guests).then(
        (told) => socket.end(`${JSON.stringify(told)}\n`),
        () => socket.destroy(),
      )
    })
  })
  // Nobody can look at it then; the guests run all the same.
  server.on('error', () => {})
  server.listen(path)
  server.unref()
  return { [Symbol.dispose]: () => void server.close() }
}

/** Makes it where it is not there. Whatever is wrong with it, guests run all the same. */
function isOwnDirectory(directory: string): boolean {
  const fs = original('fs')
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 })
    const stats = fs.lstatSync(directory)
    // In somebody else's, others could ask, or answer.
    return stats.isDirectory() && stats.uid === host.process.getuid?.() && (stats.mode & 0o077) === 0
  } catch {
    return false
  }
}

async function answer(text: string, guests: ReadonlyMap<string, GuestHandle>): Promise<ControlAnswer> {
  const { inspect } = JSON.parse(text) as ControlRequest
  const asked = [...guests.values()].filter(({ name }) => inspect.length === 0 || inspect.includes(name))
  return { guests: await Promise.all(asked.map(describeGuest)) }
}

/**
 * Asks all hosts of this user about guests.
 *
 * @param directory - of sockets
 * @param names - of guests; none for all
 */
export async function askHosts(directory: string, names: readonly string[]): Promise<readonly GuestDescription[]> {
  if (!isOwnDirectory(directory)) return []
  const files = original('fs')
    .readdirSync(directory)
    .filter((name) => name.endsWith('.sock'))
  const answers = await Promise.all(files.map((name) => ask(`${directory}/${name}`, { inspect: names })))
  return answers.flatMap((told) => told?.guests ?? [])
}

function ask(path: string, request: ControlRequest): Promise<ControlAnswer | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = original('net').connect(path)
    socket.setEncoding('utf8')
    socket.on('data', (piece: string) => (text += piece))
    socket.on('end', () => resolve(text === '' ? undefined : (JSON.parse(text) as ControlAnswer)))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // Its process has been killed.
      if (code === 'ECONNREFUSED') original('fs').rmSync(path, { force: true })
      resolve(undefined)
    })
    socket.write(`${JSON.stringify(request)}\n`)
  })
}
