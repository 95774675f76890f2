/** What goes between processes, over unix sockets of the host. */
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { temporaryDirectory } from '@libvisor/testkit'
import { openSwitchStream, serveSwitchStream } from '../../src/index.ts'
import type { AttachOptions, Switch, SwitchPort } from '../../src/index.ts'
import { NodeStream } from '../../src/shim/switch-stream.ts'
import { StreamWire } from '../../src/state/stream-wire.ts'
import type { ThreadMeans } from '../../src/state/thread-means.ts'
import { joinTrunks } from './trunks.ts'
import type { TrunkPair } from './trunks.ts'

/** Both ends of a unix socket. */
export async function unixSocketPair(): Promise<[net.Socket, net.Socket]> {
  using directory = temporaryDirectory()
  const server = net.createServer().listen(path.join(directory.path, 'pair'))
  await once(server, 'listening')
  const client = net.connect(path.join(directory.path, 'pair'))
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [net.Socket],
    unknown,
  ]
  server.close()
  return [accepted, client]
}

/** Attaches a stack as if it were in another process. */
export async function attachByStream(network: Switch, name: string, options?: AttachOptions): Promise<SwitchPort> {
  const port = network.attachLocal(name, options)
  const [own, stream] = await unixSocketPair()
  serveSwitchStream(port, own)
  return openSwitchStream({ address: port.address, network: port.network, stream })
}

/** Makes both ends of a trunk that goes over a unix socket. */
export async function createStreamTrunks(means: ThreadMeans): Promise<TrunkPair> {
  const [server, client] = await unixSocketPair()
  const wires = [
    new StreamWire(new NodeStream(server), 0, means),
    new StreamWire(new NodeStream(client), 1, means),
  ] as const
  for (const wire of wires) wire.unref()
  return joinTrunks(...wires)
}
