import { describe, expect, it } from 'vitest'
import { createNetStack } from '../src/index.ts'
import type { ConnectResult, Listener, ListenRequest, NetStack } from '../src/index.ts'

const accept = (): void => {}

function listen(stack: NetStack, address: string, port: number, more: Partial<ListenRequest> = {}): Listener | string {
  return stack.listen({ address, port, privileged: false, accept, ...more })
}

function connect(stack: NetStack, address: string, port: number): ConnectResult {
  let result: ConnectResult | undefined
  stack.connect({ destination: { address, port } }, (given) => (result = given))
  return result!
}

describe('ports', () => {
  it('listen(0) takes from 32768–60999, and not the same twice', () => {
    using stack = createNetStack()
    const ports = Array.from({ length: 100 }, () => (listen(stack, '0.0.0.0', 0) as Listener).port)
    expect(new Set(ports).size).toBe(100)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(32768)
    expect(Math.max(...ports)).toBeLessThanOrEqual(60999)
  })

  it('a port that another thread of the guest has given up is free, although nobody has heard of it yet', () => {
    using stack = createNetStack()
    const listener = listen(stack, '127.0.0.1', 3000) as Listener
    const datagrams = { address: '127.0.0.1', port: 3000, privileged: false, receive() {} }
    const binding = stack.bindDatagrams(datagrams)
    expect(listen(stack, '127.0.0.1', 3000)).toBe('EADDRINUSE')
    expect(stack.bindDatagrams(datagrams)).toBe('EADDRINUSE')
    using _late = stack.catchUpWith(() => {
      listener[Symbol.dispose]()
      if (typeof binding !== 'string') binding[Symbol.dispose]()
    })
    expect(listen(stack, '127.0.0.1', 3000)).toHaveProperty('port', 3000)
    expect(stack.bindDatagrams(datagrams)).toHaveProperty('port', 3000)
  })

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['::', '0.0.0.0'],
    ['::', '127.0.0.1'],
    ['::', '::1'],
    ['::1', '::'],
  ])('%s and %s on one port: EADDRINUSE', (first, second) => {
    using stack = createNetStack()
    expect(listen(stack, first, 3000)).toHaveProperty('port', 3000)
    expect(listen(stack, second, 3000)).toBe('EADDRINUSE')
  })

  it.each([
    ['127.0.0.1', '127.0.0.2'],
    ['::1', '0.0.0.0'],
    ['::1', '127.0.0.1'],
  ])('%s and %s share a port', (first, second) => {
    using stack = createNetStack()
    expect(listen(stack, first, 3000)).toHaveProperty('port', 3000)
    expect(listen(stack, second, 3000)).toHaveProperty('port', 3000)
  })

  it('an ipv6Only wildcard leaves IPv4 alone', () => {
    using stack = createNetStack()
    expect(listen(stack, '::', 3000, { ipv6Only: true })).toHaveProperty('port', 3000)
    expect(listen(stack, '0.0.0.0', 3000)).toHaveProperty('port', 3000)
    expect(listen(stack, '::1', 3000)).toBe('EADDRINUSE')
  })

  it('listeners with reusePort take turns', () => {
    using stack = createNetStack()
    const heard: string[] = []
    for (const name of ['a', 'b']) listen(stack, '0.0.0.0', 3000, { reusePort: true, accept: () => heard.push(name) })
    for (let count = 0; count < 4; count++) connect(stack, '127.0.0.1', 3000)
    expect(heard).toEqual(['a', 'b', 'a', 'b'])
    expect(listen(stack, '0.0.0.0', 3000)).toBe('EADDRINUSE')
  })

  it('a port is free again right after its listener is closed', () => {
    using stack = createNetStack()
    ;(listen(stack, '0.0.0.0', 3000) as Listener)[Symbol.dispose]()
    expect(listen(stack, '0.0.0.0', 3000)).toHaveProperty('port', 3000)
  })

  it('a foreign address is EADDRNOTAVAIL, text that is none EINVAL', () => {
    using stack = createNetStack()
    expect(listen(stack, '192.0.2.1', 3000)).toBe('EADDRNOTAVAIL')
    expect(listen(stack, 'no address', 3000)).toBe('EINVAL')
  })

  it('ports under 1024 need privilege', () => {
    using stack = createNetStack()
    expect(listen(stack, '0.0.0.0', 80)).toBe('EACCES')
    expect(listen(stack, '0.0.0.0', 80, { privileged: true })).toHaveProperty('port', 80)
  })

  it('tells who watches when a port is listened on and when no longer', () => {
    using stack = createNetStack()
    const seen: string[] = []
    using _watching = stack.watch(({ type, listener }) => seen.push(`${type} ${listener.address}:${listener.port}`))
    ;(listen(stack, '::', 3000) as Listener)[Symbol.dispose]()
    expect(seen).toEqual(['listening :::3000', 'closed :::3000'])
  })
})

describe('connections', () => {
  it('a live address without listener is ECONNREFUSED', () => {
    using stack = createNetStack()
    expect(connect(stack, '127.0.0.1', 3000)).toBe('ECONNREFUSED')
    expect(connect(stack, '::1', 3000)).toBe('ECONNREFUSED')
  })

  it.each(['127.0.0.1', '127.8.9.10', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1'])(
    '%s reaches what listens on the wildcard',
    (address) => {
      using stack = createNetStack()
      listen(stack, '::', 3000)
      expect(connect(stack, address, 3000)).toHaveProperty('remote.port', 3000)
    },
  )

  it('a listener on 127.0.0.1 is not heard on 127.0.0.2', () => {
    using stack = createNetStack()
    listen(stack, '127.0.0.1', 3000)
    expect(connect(stack, '127.0.0.2', 3000)).toBe('ECONNREFUSED')
  })

  it('ports of connections are of the ephemeral range and are given back', () => {
    using stack = createNetStack()
    listen(stack, '0.0.0.0', 3000, { accept: (server) => server.reset() })
    const first = connect(stack, '127.0.0.1', 3000)
    expect(first).toHaveProperty('local.address', '127.0.0.1')
    expect((first as { local: { port: number } }).local.port).toBeGreaterThanOrEqual(32768)
  })

  it('two stacks do not hear each other on loopback', () => {
    using a = createNetStack()
    using b = createNetStack()
    listen(a, '0.0.0.0', 3000)
    expect(connect(b, '127.0.0.1', 3000)).toBe('ECONNREFUSED')
  })

  it('disposing of a stack resets its connections and frees its ports', () => {
    const stack = createNetStack()
    listen(stack, '0.0.0.0', 3000)
    const client = connect(stack, '127.0.0.1', 3000)
    stack[Symbol.dispose]()
    expect(stack.listeners()).toEqual([])
    let error: string | undefined
    if (typeof client !== 'string') client.write([new Uint8Array(1)], (given) => (error = given))
    expect(error).toBe('ECANCELED')
  })
})

describe('unix sockets', () => {
  it('a missing path is ENOENT, an existing one EADDRINUSE, one over 108 bytes EINVAL', () => {
    using stack = createNetStack()
    let result: ConnectResult | undefined
    stack.connectPath('/run/app.sock', (given) => (result = given))
    expect(result).toBe('ENOENT')
    expect(stack.listenPath('/run/app.sock', accept)).toHaveProperty('path', '/run/app.sock')
    expect(stack.listenPath('/run/app.sock', accept)).toBe('EADDRINUSE')
    expect(stack.listenPath('/'.padEnd(109, 'x'), accept)).toBe('EINVAL')
  })

  it('lie in the file system where there is one, and leave it on close', () => {
    const files = new Map<string, 'file' | 'socket'>([['/run/plain', 'file']])
    using stack = createNetStack({
      socketFiles: () => ({
        bind(path) {
          if (files.has(path)) throw Object.assign(new Error(), { code: 'EADDRINUSE' })
          files.set(path, 'socket')
        },
        lookup(path) {
          const type = files.get(path)
          if (type === undefined) throw Object.assign(new Error(), { code: 'ENOENT' })
          if (type === 'file') throw Object.assign(new Error(), { code: 'ECONNREFUSED' })
          return `inode of ${path}`
        },
        chmod() {},
        unlink: (path) => void files.delete(path),
      }),
    })
    const results: ConnectResult[] = []
    const tryConnect = (path: string): void => stack.connectPath(path, (given) => results.push(given))
    expect(stack.listenPath('/run/plain', accept)).toBe('EADDRINUSE')
    tryConnect('/run/plain')
    tryConnect('/run/missing')
    expect(results).toEqual(['ECONNREFUSED', 'ENOENT'])
    const listener = stack.listenPath('/run/app.sock', accept)
    expect(files.get('/run/app.sock')).toBe('socket')
    tryConnect('/run/app.sock')
    expect(results[2]).toHaveProperty('remote.address', '/run/app.sock')
    if (typeof listener !== 'string') listener[Symbol.dispose]()
    expect(files.has('/run/app.sock')).toBe(false)
  })
})

describe('names', () => {
  it('knows localhost and all names under it, the own name and the hosts file', () => {
    using stack = createNetStack({ hostname: 'api', hosts: { db: ['10.0.0.5', 'fd00::5'] } })
    const found: Record<string, readonly string[]> = {}
    for (const name of ['localhost', 'LOCALHOST.', 'x.localhost', 'api', 'DB', 'example.com']) {
      stack.lookup(name, (addresses) => (found[name] = addresses))
    }
    expect(found).toEqual({
      localhost: ['127.0.0.1', '::1'],
      'LOCALHOST.': ['127.0.0.1', '::1'],
      'x.localhost': ['127.0.0.1', '::1'],
      api: ['127.0.0.1'],
      DB: ['10.0.0.5', 'fd00::5'],
      'example.com': [],
    })
  })
})
