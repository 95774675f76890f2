// Listens on port 3000, as every guest may.
import http from 'node:http'
import os from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'

const server = http.createServer((request, response) => {
  if (request.url === '/upload') {
    let size = 0
    request.on('data', (data) => (size += data.length)).on('end', () => response.end(`${size}`))
    return
  }
  response.end(`${workerData.name} heard ${request.headers.host}${request.url} from ${request.socket.remoteAddress}`)
})
server.listen(3000, () => parentPort.postMessage({ address: server.address(), tmp: os.tmpdir() }))
