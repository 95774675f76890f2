import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNetStack, createSwitch, openSwitchPort, parseLink, resolveLink } from '../src/index.ts'
import { WINDOW_BYTES } from '../src/state/connection.ts'
import { attachByStream } from './harness/streams.ts'
import { attachApart } from './harness/trunks.ts'
import type { Connection, ConnectResult, LinkOptions, LinkTimers, NetStack, Switch } from '../src/index.ts'

/** Time that passes when it is told to. */
class Timers implements LinkTimers {
  readonly #tasks = new Set<{ readonly at: number; readonly task: () => void }>()
  #now = 1000

  nowMs = (): number => this.#now

  after = (ms: number, task: () => void): (() => void) => {
    const entry = { at: this.#now + ms, task }
    this.#tasks.add(entry)
    return () => void this.#tasks.delete(entry)
  }

  /** Lets time pass: what is due runs in order. */
  pass(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#tasks].sort((a, b) => a.at - b.at)
      if (next === undefined || next.at > end) break
      this.#tasks.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.task()
    }
    this.#now = end
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a link between two stacks', () => {
  let timers: Timers
  let network: Switch
  let api: NetStack
  let web: NetStack
  let server: Connection | undefined
  let accepted: Connection[]

  const shape = (options: LinkOptions, from = 'web', to = 'api'): void => {
    network.shapeLink(from, to, resolveLink({ seed: 1, ...options }, 0))
  }
  const both = (options: LinkOptions): void => {
    shape(options)
    shape(options, 'api', 'web')
  }
  const connect = (): { result?: ConnectResult } => {
    const pending: { result?: ConnectResult } = {}
    web.connect({ destination: { address: api.addresses[0]!, port: 80 } }, (result) => (pending.result = result))
    return pending
  }
  const opened = (): Connection => {
    const { result } = connect()
    if (typeof result !== 'object') throw new Error(String(result))
    return result
  }
  const text = (connection: Connection | undefined): string | undefined => {
    const read = connection?.read()
    return read instanceof Uint8Array ? new TextDecoder().decode(read) : read
  }

  beforeEach(() => {
    timers = new Timers()
    network = createSwitch()
    api = createNetStack({ hostname: 'api', switchPort: network.attachLocal('api'), timers })
    web = createNetStack({ hostname: 'web', switchPort: network.attachLocal('web'), timers })
    server = undefined
    accepted = []
    api.listen({ address: '0.0.0.0', port: 80, privileged: true, accept: (given) => accepted.push((server = given)) })
  })
  afterEach(() => {
    api[Symbol.dispose]()
    web[Symbol.dispose]()
    network[Symbol.dispose]()
  })

  it('with a delay has a connection take a round trip, and everything else half of one', () => {
    both({ delayMs: 50 })
    const pending = connect()
    timers.pass(49)
    expect(server).toBeUndefined()
    timers.pass(1)
    expect(server).toBeDefined()
    timers.pass(49)
    expect(pending.result).toBeUndefined()
    timers.pass(1)
    const client = pending.result as Connection
    client.write([bytes('a')], () => {})
    client.write([bytes('b')], () => {})
    client.shutdown(() => {})
    timers.pass(49)
    expect(text(server)).toBeUndefined()
    timers.pass(1)
    expect([text(server), text(server)]).toEqual(['ab', 'end'])
  })

  it('keeps the order of a stream, whatever the jitter, and forgets nothing when it is made perfect again', () => {
    const client = opened()
    both({ delayMs: 50, jitterMs: 50 })
    let sent = ''
    for (let index = 0; index < 100; index++) {
      client.write([bytes(`${index} `)], () => {})
      sent += `${index} `
      timers.pass(1)
    }
    network.shapeLink('web', 'api', undefined)
    network.shapeLink('api', 'web', undefined)
    client.write([bytes('last')], () => {})
    timers.pass(200)
    expect(text(server)).toBe(`${sent}last`)
    client.write([bytes('at once')], () => {})
    expect(text(server)).toBe('at once')
  })

  it('with a rate passes so many bits in a second, and a writer waits as it does for a slow reader', () => {
    const client = opened()
    both({ bitsPerSecond: 16_000_000 })
    let accepted = 0
    const piece = WINDOW_BYTES / 4
    for (let index = 0; index < 8; index++) client.write([new Uint8Array(piece)], () => accepted++)
    expect(accepted).toBe(4)
    let read = 0
    const count = (): void => {
      for (let piece = server?.read(); piece instanceof Uint8Array; piece = server?.read()) read += piece.length
    }
    timers.pass(100)
    count()
    // Two megabytes in a second, less what packets have beside their content.
    expect(read).toBe(piece)
    for (let index = 0; index < 50; index++) {
      timers.pass(10)
      count()
    }
    expect(read).toBe(8 * piece)
    expect(accepted).toBe(8)
  })

  it('that loses packets sends those of a stream again, later, and datagrams not', () => {
    const client = opened()
    const received: string[] = []
    const receive = (datagram: { bytes: Uint8Array }): void =>
      void received.push(new TextDecoder().decode(datagram.bytes))
    api.bindDatagrams({ address: '0.0.0.0', port: 53, privileged: true, receive })
    both({ dropPercent: 50 })
    const from = { address: '0.0.0.0', port: 4000 }
    for (let index = 0; index < 100; index++) {
      web.sendDatagram(from, { address: api.addresses[0]!, port: 53 }, bytes(`${index}`))
    }
    expect(received.length).toBeGreaterThan(30)
    expect(received.length).toBeLessThan(70)
    let sent = ''
    for (let index = 0; index < 20; index++) {
      client.write([bytes(`${index} `)], () => {})
      sent += `${index} `
    }
    timers.pass(199)
    const early = text(server) ?? ''
    expect(early.length).toBeLessThan(sent.length)
    timers.pass(60_000)
    expect(early + (text(server) ?? '')).toBe(sent)
  })

  it('repeats what is random with a seed', () => {
    const lost = (): string => {
      const received: string[] = []
      const binding = api.bindDatagrams({
        address: '0.0.0.0',
        port: 53,
        privileged: true,
        receive: (datagram) => void received.push(new TextDecoder().decode(datagram.bytes)),
      })
      if (typeof binding === 'string') throw new Error(binding)
      using _binding = binding
      network.shapeLink('web', 'api', undefined)
      shape({ dropPercent: 30, seed: 7 })
      for (let index = 0; index < 50; index++) {
        web.sendDatagram(
          { address: '0.0.0.0', port: 4000 },
          { address: api.addresses[0]!, port: 53 },
          bytes(`${index}`),
        )
      }
      return received.join()
    }
    expect(lost()).toBe(lost())
  })

  it('that refuses is ECONNREFUSED after a round trip, and leaves open connections alone', () => {
    const client = opened()
    both({ refuse: true, delayMs: 5 })
    const pending = connect()
    timers.pass(9)
    expect(pending.result).toBeUndefined()
    timers.pass(1)
    expect(pending.result).toBe('ECONNREFUSED')
    client.write([bytes('still')], () => {})
    timers.pass(5)
    expect(text(server)).toBe('still')
  })

  it('that is cut is ETIMEDOUT after 127 seconds, as with Linux', () => {
    network.partition([['web'], ['api']])
    const pending = connect()
    timers.pass(126_999)
    expect(pending.result).toBeUndefined()
    timers.pass(1)
    expect(pending.result).toBe('ETIMEDOUT')
  })

  it('that is healed is connected over when the first packet is sent again', () => {
    network.partition([['web']])
    const pending = connect()
    timers.pass(1500)
    network.heal()
    timers.pass(1499)
    expect(pending.result).toBeUndefined()
    timers.pass(1)
    expect(pending.result).toBeTypeOf('object')
  })

  it('that is cut stalls what is open, in both directions, until it is healed', () => {
    const client = opened()
    client.write([bytes('before ')], () => {})
    network.partition([['web'], ['api', 'db']])
    client.write([bytes('during')], () => {})
    server?.write([bytes('answer')], () => {})
    client.shutdown(() => {})
    timers.pass(600_000)
    expect([text(server), text(server), text(client)]).toEqual(['before ', undefined, undefined])
    network.heal()
    timers.pass(1)
    expect([text(server), text(server), text(client)]).toEqual(['during', 'end', 'answer'])
  })

  it.each([
    ['in its thread', (name: string) => network.attachLocal(name)],
    ['in another thread', (name: string) => attachApart(network, name)],
  ])('that is cut does not tell that a guest %s has ended, until it is healed', async (_where, attach) => {
    const far = createNetStack({ hostname: 'far', switchPort: attach('far'), timers })
    const accepted: Connection[] = []
    far.listen({ address: '0.0.0.0', port: 80, privileged: true, accept: (given) => accepted.push(given) })
    const reach = async (stack: NetStack): Promise<Connection> => {
      const result = await new Promise<ConnectResult>((resolve) => {
        stack.connect({ destination: { address: far.addresses[0]!, port: 80 } }, resolve)
      })
      if (typeof result === 'string') throw new Error(result)
      return result
    }
    const client = await reach(web)
    const aborted = await reach(web)
    const other = await reach(api)
    network.partition([['far'], ['web']])
    // What the switch has said before its answer has been heard with it.
    await new Promise((resolve) => far.lookup('web', resolve))
    accepted[0]!.write([bytes('last words')], () => {})
    client.write([bytes('are you there?')], () => {})
    accepted[1]!.reset()
    far[Symbol.dispose]()
    await expect.poll(() => text(other)).toBe('reset')
    timers.pass(600_000)
    expect([text(client), text(aborted)]).toEqual([undefined, undefined])
    network.heal()
    timers.pass(1)
    expect([text(client), text(aborted)]).toEqual(['reset', 'reset'])
    expect(await new Promise((resolve) => client.write([bytes('x')], resolve))).toBe('EPIPE')
  })

  it('is told of guests that come later, by name or to all others', () => {
    network.shapeLink('*', 'late', resolveLink({ refuse: true }, 0))
    const late = createNetStack({ hostname: 'late', switchPort: network.attachLocal('late'), timers })
    using _late = late
    late.listen({ address: '0.0.0.0', port: 80, privileged: true, accept() {} })
    const results: ConnectResult[] = []
    web.connect({ destination: { address: late.addresses[0]!, port: 80 } }, (result) => results.push(result))
    timers.pass(0)
    expect(results).toEqual(['ECONNREFUSED'])
  })

  it.each([
    ['threads', () => openSwitchPort(network.attach('far'))],
    ['processes', () => attachByStream(network, 'far')],
  ])('is told to stacks of other %s, too', async (_where, attach) => {
    const port = await attach()
    const far = createNetStack({ hostname: 'far', switchPort: port, timers })
    using _far = far
    shape({ refuse: true }, 'far', 'api')
    await expect
      .poll(() => {
        const pending: { result?: ConnectResult } = {}
        far.connect({ destination: { address: api.addresses[0]!, port: 80 } }, (given) => (pending.result = given))
        timers.pass(0)
        return pending.result
      })
      .toBe('ECONNREFUSED')

    shape({ delayMs: 30 }, 'far', 'api')
    let client: Connection | undefined
    await expect
      .poll(() => {
        far.connect({ destination: { address: api.addresses[0]!, port: 80 } }, (given) => {
          if (typeof given === 'object') client = given
        })
        timers.pass(30)
        return client
      })
      .toBeDefined()
    client!.write([bytes('late')], () => {})
    const received = new Set<string | undefined>()
    await expect
      .poll(() => {
        timers.pass(30)
        for (const each of accepted) received.add(text(each))
        return received
      })
      .toContain('late')
  })
})

describe('the words of tc', () => {
  it('say what a link does', () => {
    expect(parseLink('delay 1.5s 250us loss 0.5% rate 10kbps seed 7 refuse')).toEqual({
      ...{ delayMs: 1500, jitterMs: 0.25, dropPercent: 0.5, bitsPerSecond: 80_000, seed: 7, refuse: true },
    })
  })

  it.each(['delay', 'delay 5', 'loss 1', 'rate fast', 'corrupt 1%'])('%s cannot be read', (words) => {
    expect(() => parseLink(words)).toThrow(TypeError)
  })

  it.each([{ delayMs: -1 }, { dropPercent: 101 }, { bitsPerSecond: 0 }, { jitterMs: NaN }])(
    '%o is refused',
    (options) => {
      expect(() => resolveLink(options, 0)).toThrow(RangeError)
    },
  )
})
