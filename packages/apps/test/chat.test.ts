import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { expect } from 'vitest'
import { programFile, start } from './harness/pair.ts'
import type { Instance } from './harness/pair.ts'
import { sideBySide } from './harness/side-by-side.ts'

/** A client of the host's, through the published port. */
async function connect(instance: Instance, transports = ['polling', 'websocket']): Promise<Socket & AsyncDisposable> {
  const { published } = await instance.guest.listening(3000)
  const socket = io(String(published), { transports, forceNew: true, reconnection: false })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  return Object.assign(socket, {
    async [Symbol.asyncDispose]() {
      socket.disconnect()
      await Promise.resolve()
    },
  })
}

/** The next message that a client hears. */
const heard = (socket: Socket): Promise<string> => new Promise((resolve) => socket.once('chat message', resolve))

sideBySide(
  {
    name: 'a socket.io chat',
    entry: programFile('chat/index.js'),
    port: 3000,
    options: () => ({ net: { publish: [{ guestPort: 3000, hostAddress: '127.0.0.1' }] } }),
    async add(instance, text) {
      await using socket = await connect(instance)
      expect(await socket.emitWithAck('chat message', text)).toBe(text.length)
    },
    list: async (instance) => (await instance.guest.fs.readFile('/data/messages.log', 'utf8')).split('\n').slice(0, -1),
  },
  {
    async 'tell everybody what one says, and nobody of the other chat'({ alice, bob }) {
      await using speaker = await connect(alice, ['websocket'])
      await using listener = await connect(alice, ['polling'])
      await using stranger = await connect(bob)
      // What was said before comes first.
      await Promise.all([speaker, listener].map((socket) => socket.emitWithAck('picture', Buffer.from('1'))))
      await stranger.emitWithAck('picture', Buffer.from('1'))
      const strange: string[] = []
      stranger.on('chat message', (text: string) => strange.push(text))
      const both = [heard(speaker), heard(listener)]
      await speaker.emitWithAck('chat message', 'hello there')
      expect(await Promise.all(both)).toEqual(['hello there', 'hello there'])
      await stranger.emitWithAck('picture', Buffer.from('1'))
      expect(strange).toEqual([])
    },

    async 'take bytes'({ alice }) {
      await using socket = await connect(alice, ['websocket'])
      const picture = Buffer.alloc(300_000, 7)
      const answer = new Promise((resolve) =>
        socket.emit('picture', picture, (...answers: unknown[]) => resolve(answers)),
      )
      expect(await answer).toEqual([true, 300_000])
    },

    async 'talk to clients in guests'({ host, alice }, isolation) {
      const options = { entry: programFile('chat/say.js'), args: ['http://bob:3000', 'from a guest'], isolation }
      const { guest, output } = await start(host, 'carol', options)
      expect(await guest.exited).toEqual({ code: 0, signal: null })
      expect(output().trim().split('\n')).toEqual(['from bob', 'bob again', 'from a guest'])
      expect(await alice.guest.fs.readFile('/data/messages.log', 'utf8')).not.toContain('from a guest')
    },

    async 'serve their page, and the client for it'({ bob }) {
      expect(await (await bob.fetch('/')).text()).toContain('<title>Socket.IO chat</title>')
      const script = await bob.fetch('/socket.io/socket.io.js')
      expect(script.headers.get('content-type')).toContain('javascript')
      expect((await script.text()).length).toBeGreaterThan(10_000)
    },
  },
)
