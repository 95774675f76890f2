/** Trunks within one thread, for tests of what goes over them. */
import type { MessagePort } from 'node:worker_threads'
import { threadMeans } from '../../src/shim/thread-means.native.ts'
import type { Endpoint } from '../../src/state/address.ts'
import { AttachedPort } from '../../src/state/attached-port.ts'
import type { Connection } from '../../src/state/connection.ts'
import type { ControlPort } from '../../src/state/control-port.ts'
import type { FromSwitch, ToStack } from '../../src/state/switch-protocol.ts'
import type { AttachOptions, Switch } from '../../src/state/switch.ts'
import type { ThreadMeans } from '../../src/state/thread-means.ts'
import { createChannel, overChannel } from '../../src/state/frame-channel.ts'
import type { FrameEnd } from '../../src/state/frames.ts'
import { Trunk } from '../../src/state/trunk.ts'
import type { Opening } from '../../src/state/trunk.ts'
import type { SwitchPort } from '../../src/types.ts'

/** Both ends of a trunk. */
export interface TrunkPair {
  readonly client: Trunk
  readonly server: Trunk
  /** Which of the two have been told that it is over. */
  readonly closed: string[]
  join(client: Endpoint, server: Endpoint): Promise<[client: Connection, server: Connection]>
}

/** Makes both ends of a trunk. */
export function createTrunkPair(means: ThreadMeans = threadMeans()): TrunkPair {
  const [own, other] = createChannel(means)
  return joinTrunks(overChannel(own, means), overChannel(other, means))
}

/** Makes a trunk of what it goes over. */
export function joinTrunks(serverEnd: FrameEnd, clientEnd: FrameEnd): TrunkPair {
  const asked = new Map<number, Opening>()
  const closed: string[] = []
  const server = new Trunk(serverEnd, {
    opened: () => undefined,
    closed: () => void closed.push('server'),
  })
  const client = new Trunk(clientEnd, {
    opened: (number) => asked.get(number),
    closed: () => void closed.push('client'),
  })
  return {
    client,
    server,
    closed,
    async join(local, remote) {
      const number = asked.size + 1
      const opened = new Promise<Connection>((done) => asked.set(number, { local, remote, done }))
      const accepted = server.accept(number, remote, local)
      return [await opened, accepted]
    },
  }
}

/** Attaches a stack as if it were in another thread than any other: nobody is joined to it in memory. */
export function attachApart(network: Switch, name: string, options?: AttachOptions): SwitchPort {
  const { port, ...attachment } = network.attach(name, options)
  return new AttachedPort({ ...attachment, port: withoutOffers(port) }, threadMeans())
}

function withoutOffers(port: MessagePort): ControlPort<FromSwitch, ToStack> {
  return {
    on: (event: string, listener: (message: any) => void) => port.on(event, listener),
    postMessage(message, transfer) {
      port.postMessage('offer' in message ? { ...message, offer: '' } : message, transfer ?? [])
    },
    unref: () => port.unref(),
    close: () => port.close(),
  }
}
