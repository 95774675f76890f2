/** Rules 42, 43 and 47: what is sent arrives, or who sent it hears why not. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type net from 'node:net'
import { failureOf, pair, rule, ruleOfStreams } from './rule.ts'

/** All that a socket reads; it goes on writing, which not every Node lets who iterates over it. */
async function heard(socket: net.Socket): Promise<string> {
  let all = ''
  socket.on('data', (data) => (all += String(data)))
  await once(socket, 'end')
  return all
}

ruleOfStreams(
  42,
  'a reset of the peer is ECONNRESET, and a write to one that is gone EPIPE or ECONNRESET',
  async (scene) => {
    {
      await using sockets = await pair(scene)
      const failed = failureOf(sockets.client)
      sockets.accepted.resetAndDestroy()
      const error = await failed
      assert.deepEqual([error.message, error.code, error.syscall], ['read ECONNRESET', 'ECONNRESET', 'read'])
    }
    {
      await using sockets = await pair(scene, { allowHalfOpen: true })
      const { client, accepted } = sockets
      accepted.destroy()
      await once(client.resume(), 'end')
      const failed = failureOf(client)
      const write = (): void => {
        if (!client.destroyed) client.write('x', () => setImmediate(write))
      }
      write()
      assert.match((await failed).message, /^write (EPIPE|ECONNRESET)$/)
    }
  },
)

ruleOfStreams(43, 'end() still permits reading, and allowHalfOpen is honoured', async (scene) => {
  {
    await using sockets = await pair(scene, { allowHalfOpen: true })
    const { client, accepted } = sockets
    client.end('question')
    assert.equal(await heard(accepted), 'question')
    accepted.end('answer')
    assert.equal(await heard(client), 'answer')
  }
  {
    await using sockets = await pair(scene)
    const { client, accepted } = sockets
    accepted.resume()
    client.resume().end()
    await Promise.all([once(client, 'close'), once(accepted, 'close')])
    assert.ok(accepted.writableFinished)
  }
})

ruleOfStreams(43, 'write() is false at the high-water mark, drain follows, and memory stays bounded', async (scene) => {
  await using sockets = await pair(scene)
  const { client, accepted } = sockets
  accepted.pause()
  const chunk = Buffer.alloc(64 * 1024)
  let written = 0
  while (client.write(chunk) || client.writableLength === 0) {
    written += chunk.length
    assert.ok(written < 64 * 1024 * 1024, 'the other side does not read')
    if (client.writableNeedDrain) await once(client, 'drain')
    else await new Promise(setImmediate)
    if (client.writableLength > 0) break
  }
  while (!client.writableNeedDrain) client.write(chunk)
  const drained = once(client, 'drain')
  accepted.resume()
  await drained
  assert.equal(client.writableNeedDrain, false)
})

rule(
  47,
  'a port of UDP that is bound is EADDRINUSE, and only who is connected hears of a closed one',
  async ({ dgram }) => {
    const first = dgram.createSocket('udp4')
    await once(first.bind(0, '127.0.0.1'), 'listening')
    const { port } = first.address()
    const second = dgram.createSocket('udp4')
    second.bind(port, '127.0.0.1')
    assert.equal((await failureOf(second)).message, `bind EADDRINUSE 127.0.0.1:${port}`)
    second.close()
    first.close()
    await once(first, 'close')

    const loose = dgram.createSocket('udp4')
    assert.equal(await new Promise((resolve) => loose.send('x', port, '127.0.0.1', resolve)), null)
    loose.close()
    const connected = dgram.createSocket('udp4')
    connected.connect(port, '127.0.0.1')
    await once(connected, 'connect')
    connected.send('x')
    assert.equal((await failureOf(connected)).code, 'ECONNREFUSED')
    connected.close()
  },
)
