import { once } from 'node:events'
import net from 'node:net'

/** Sends a server its first request, and waits for its answer. */
export async function firstAnswer(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1')
  socket.setEncoding('latin1')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let answer = ''
  socket.on('data', (chunk: string) => (answer += chunk))
  await once(socket, 'end')
  if (!/^HTTP\/1\.1 200 .*"hello":"world"/s.test(answer)) throw new Error(`unexpected answer:\n${answer}`)
}
