import { original } from '@libvisor/abi'
import { listenOnHost } from '@libvisor/net'
import type { ControlPlace } from '../config/host-facts.native.ts'
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

/**
 * Describes guests.
 *
 * @param isAsked - whether a guest of a name is asked about
 */
export type DescribeGuests = (isAsked: (name: string) => boolean) => Promise<readonly GuestDescription[]>

let lastNumber = 0

/**
 * Has other processes of the same user ask about guests of this one: through a socket in a directory that is that user's alone.
 *
 * @param place - where its socket is to be; the directory is made when it is not there
 * @param describe - the guests
 * @returns closes the socket; it does not keep the process alive. A process that is killed leaves it, and the next one that asks removes it
 */
export function openControlSocket(place: ControlPlace, describe: DescribeGuests): Disposable {
  const nothing = { [Symbol.dispose]() {} }
  if (!isOwnDirectory(place)) return nothing
  const path = `${place.directory}/${place.pid}-${++lastNumber}.sock`
  original('fs').rmSync(path, { force: true })
  const listening = listenOnHost(path, (socket) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('data', (piece: string) => {
      text += piece
      const end = text.indexOf('\n')
      if (end === -1 && text.length < LONGEST) return
      socket.removeAllListeners('data').resume()
      answer(text.slice(0, end), describe).then(
        (told) => socket.end(`${JSON.stringify(told)}\n`),
        () => socket.destroy(),
      )
    })
  })
  // Nobody can look at the guests then; they run all the same.
  return listening ?? nothing
}

/** Makes it where it is not there. Whatever is wrong with it, guests run all the same. */
function isOwnDirectory({ directory, uid }: ControlPlace): boolean {
  const fs = original('fs')
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 })
    const stats = fs.lstatSync(directory)
    // In somebody else's, others could ask, or answer.
    return stats.isDirectory() && stats.uid === uid && (stats.mode & 0o077) === 0
  } catch {
    return false
  }
}

async function answer(text: string, describe: DescribeGuests): Promise<ControlAnswer> {
  const { inspect } = JSON.parse(text) as ControlRequest
  return { guests: await describe((name) => inspect.length === 0 || inspect.includes(name)) }
}

/**
 * Asks all processes of this user about their guests.
 *
 * @param place - where their sockets are
 * @param names - of guests; none for all
 */
export async function askHosts(place: ControlPlace, names: readonly string[]): Promise<readonly GuestDescription[]> {
  if (!isOwnDirectory(place)) return []
  const { directory } = place
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
