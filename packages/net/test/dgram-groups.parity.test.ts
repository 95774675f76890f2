import assert from 'node:assert/strict'
import type dgram from 'node:dgram'
import { once } from 'node:events'
import { parity } from '@libvisor/testkit/parity'
import { expect, it } from 'vitest'
import { createSwitch, openSwitchPort } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'
import { scenes } from './harness/scene.ts'
import type { Scene } from './harness/scene.ts'

const GROUP = '224.0.0.114'
const LOOPBACK = '127.0.0.1'

interface Hearing {
  readonly socket: dgram.Socket
  readonly port: number
  readonly heard: string[]
}

/** A socket that notes what it hears. */
async function hear({ dgram }: Pick<Scene, 'dgram'>, port = 0, address?: string): Promise<Hearing> {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true })
  const heard: string[] = []
  socket.on('message', (message, from) => heard.push(`${message} of ${from.address}`))
  socket.bind(port, address)
  await once(socket, 'listening')
  return { socket, port: socket.address().port, heard }
}

/** Sends, and then to the receivers alone: what they have heard by then is all. */
async function flush(sender: dgram.Socket, hearings: readonly Hearing[]): Promise<string[][]> {
  for (const { socket, port } of hearings) {
    const { address } = socket.address()
    const marked = once(socket, 'flushed')
    const onMessage = (message: Buffer): void => void (String(message) === 'mark' && socket.emit('flushed'))
    socket.on('message', onMessage)
    sender.send('mark', port, address === '0.0.0.0' || address.startsWith('224') ? LOOPBACK : address)
    await marked
    socket.off('message', onMessage)
  }
  return hearings.map(({ heard }) => heard.splice(0).filter((text) => !text.startsWith('mark')))
}

const failureOf = (call: () => unknown): string | undefined => {
  try {
    call()
    return undefined
  } catch (error) {
    const { message, code, syscall } = error as NodeJS.ErrnoException
    assert.equal(message, `${syscall} ${code}`)
    return message
  }
}

parity('a group is heard by who has joined it, and by the others of its port', scenes, async (subject) => {
  const joined = await hear(subject)
  const other = await hear(subject, joined.port)
  joined.socket.addMembership(GROUP, LOOPBACK)
  const { socket: sender } = await hear(subject)
  sender.setMulticastInterface(LOOPBACK)
  const arrived = Promise.all([once(joined.socket, 'message'), once(other.socket, 'message')])
  sender.send('to all', joined.port, GROUP)
  await arrived
  assert.deepEqual([joined.heard, other.heard], [['to all of 127.0.0.1'], ['to all of 127.0.0.1']])
  for (const { socket } of [joined, other]) socket.close()
  sender.close()
})

parity('a group that was left, and one that does not come back, are not heard', scenes, async (subject) => {
  const receiver = await hear(subject)
  receiver.socket.addMembership(GROUP, LOOPBACK)
  const { socket: sender } = await hear(subject)
  sender.setMulticastInterface(LOOPBACK)
  assert.equal(sender.setMulticastTTL(0), 0)
  sender.send('with no hops', receiver.port, GROUP)
  await once(receiver.socket, 'message')
  assert.equal(sender.setMulticastLoopback(false), false)
  sender.send('not looped', receiver.port, GROUP)
  sender.setMulticastLoopback(true)
  receiver.socket.dropMembership(GROUP, LOOPBACK)
  sender.send('left', receiver.port, GROUP)
  assert.deepEqual(await flush(sender, [receiver]), [['with no hops of 127.0.0.1']])
  receiver.socket.close()
  sender.close()
})

parity('what a group allows is what the kernel allows', scenes, async (subject) => {
  const { socket } = await hear(subject)
  socket.addMembership(GROUP, LOOPBACK)
  const failures = [
    () => socket.addMembership(GROUP, LOOPBACK),
    () => socket.addMembership('10.1.1.1', LOOPBACK),
    () => socket.addMembership('256.1.1.1'),
    () => socket.addMembership(GROUP, 'nowhere'),
    () => socket.addMembership(GROUP, '198.51.100.9'),
    () => socket.addMembership('ff02::1'),
    () => socket.dropMembership('224.0.0.115', LOOPBACK),
    () => socket.dropMembership('10.1.1.1', LOOPBACK),
    () => socket.setMulticastInterface('198.51.100.9'),
    () => socket.setMulticastInterface('224.0.0.2'),
    () => socket.setMulticastInterface(''),
    () => socket.setMulticastTTL(256),
    () => socket.addSourceSpecificMembership(LOOPBACK, '0'),
    () => socket.dropSourceSpecificMembership(LOOPBACK, '232.1.1.1', LOOPBACK),
  ].map(failureOf)
  assert.deepEqual(failures, [
    'addMembership EADDRINUSE',
    'addMembership EINVAL',
    'addMembership EINVAL',
    'addMembership EINVAL',
    'addMembership ENODEV',
    'addMembership ENOPROTOOPT',
    'dropMembership EADDRNOTAVAIL',
    'dropMembership EADDRNOTAVAIL',
    'setMulticastInterface EADDRNOTAVAIL',
    'setMulticastInterface EADDRNOTAVAIL',
    'setMulticastInterface EINVAL',
    'setMulticastTTL EINVAL',
    'addSourceSpecificMembership EINVAL',
    'dropSourceSpecificMembership EINVAL',
  ])
  socket.close()
})

parity('of a group that was joined for a source only that one is heard', scenes, async (subject) => {
  const one = await hear(subject)
  const other = await hear(subject, one.port)
  const [group, foreign] = ['232.1.1.1', '198.51.100.9']
  one.socket.addSourceSpecificMembership(LOOPBACK, group, LOOPBACK)
  other.socket.addSourceSpecificMembership(foreign, group, LOOPBACK)
  const add = (): unknown => other.socket.addSourceSpecificMembership(foreign, group, LOOPBACK)
  assert.equal(failureOf(add), 'addSourceSpecificMembership EADDRNOTAVAIL')
  const { socket: sender } = await hear(subject)
  sender.setMulticastInterface(LOOPBACK)
  sender.send('from loopback', one.port, group)
  await once(one.socket, 'message')
  assert.deepEqual([one.heard, other.heard], [['from loopback of 127.0.0.1'], []])
  for (const socket of [one.socket, other.socket, sender]) socket.close()
})

parity('addMembership() binds a socket that is not bound', scenes, async ({ dgram }) => {
  const socket = dgram.createSocket('udp4')
  assert.equal(
    failureOf(() => socket.setMulticastTTL(1)),
    'setMulticastTTL EBADF',
  )
  socket.addMembership(GROUP, LOOPBACK)
  assert.equal(socket.address().address, '0.0.0.0')
  assert.ok(socket.address().port > 0)
  socket.close()
})

parity('broadcast is EACCES until it is allowed', scenes, async (subject) => {
  const { socket, port } = await hear(subject)
  for (const address of ['255.255.255.255', '127.255.255.255']) {
    const error = await new Promise<Error | null>((resolve) => socket.send('x', port, address, resolve))
    assert.equal(error?.message, `send EACCES ${address}:${port}`)
  }
  socket.close()
})

parity('broadcast is heard by all of a port but those of one address', scenes, async (subject) => {
  const one = await hear(subject)
  const other = await hear(subject, one.port)
  const bound = await hear(subject, one.port, LOOPBACK)
  const { socket: sender } = await hear(subject)
  sender.setBroadcast(true)
  const arrived = Promise.all([once(one.socket, 'message'), once(other.socket, 'message')])
  sender.send('to all', one.port, '127.255.255.255')
  await arrived
  assert.deepEqual([one.heard, other.heard], [['to all of 127.0.0.1'], ['to all of 127.0.0.1']])
  assert.deepEqual(await flush(sender, [bound]), [[]])
  for (const { socket } of [one, other, bound]) socket.close()
  sender.close()
})

it.each(['local', 'remote'])(
  'rule 47: groups and broadcast reach the guests of one network, attached as %s',
  async (kind) => {
    using network = createSwitch()
    using elsewhere = createSwitch()
    const attach = (name: string, to = network) =>
      kind === 'local' ? to.attachLocal(name) : openSwitchPort(to.attach(name))
    using api = createGuest('api', { switchPort: attach('api') })
    using web = createGuest('web', { switchPort: attach('web') })
    using deaf = createGuest('deaf', { switchPort: attach('deaf') })
    using foreign = createGuest('foreign', { switchPort: attach('foreign', elsewhere) })
    const receiver = await hear(api)
    const own = await hear(web, receiver.port)
    const others = [await hear(deaf, receiver.port), await hear(foreign, receiver.port)]
    others[1]!.socket.addMembership(GROUP)
    const sender = web.dgram.createSocket('udp4')
    const [address] = web.stack.addresses
    receiver.socket.addMembership(GROUP)
    own.socket.addMembership(GROUP)
    await once(sender.bind(0), 'listening')

    const inGroup = Promise.all([receiver, own].map(({ socket }) => once(socket, 'message')))
    sender.send('group', receiver.port, GROUP)
    await inGroup
    sender.setBroadcast(true)
    for (const destination of ['255.255.255.255', '10.88.255.255']) {
      const toAll = Promise.all([receiver, own, others[0]!].map(({ socket }) => once(socket, 'message')))
      sender.send(destination, receiver.port, destination)
      await toAll
    }
    const broadcast = [`255.255.255.255 of ${address}`, `10.88.255.255 of ${address}`]
    expect(receiver.heard).toEqual([`group of ${address}`, ...broadcast])
    expect(own.heard).toEqual(receiver.heard)
    expect(others.map(({ heard }) => heard)).toEqual([broadcast, []])
  },
)
