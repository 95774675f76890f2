import net from 'node:net'

const connections = 16
/** How long a server is measured each time. @units milliseconds */
export const windowMs = 150
/**
 * Until what is called has been compiled. V8's compiling threads are busy for the first seconds of load, and take their
 * time from the servers' and the client's own: on two cores a server still gains a third after 1.5 s. @units milliseconds
 */
export const warmUpMs = 5000

/**
 * Keeps a fixed number of connections busy for a while, one request at a time on each. It reads no more of an answer
 * than where it ends, so that the server, not this loop, is what is measured.
 *
 * @returns answers per second
 */
export async function load(port: number, durationMs: number): Promise<number> {
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
