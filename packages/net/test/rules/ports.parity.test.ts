/** Rules 36–38: ports. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createNamespace, slots } from '@libvisor/core'
import type net from 'node:net'
import { expect, it } from 'vitest'
import { createNetInterceptor, createNetStack, netStack } from '../../src/index.ts'
import { listen, refuses, rule } from './rule.ts'

rule(36, 'listen(0) takes an ephemeral port, and ports are per address and protocol', async ({ net, dgram }) => {
  await using any = await listen(net.createServer(), 0)
  assert.ok(any.port >= 32768 && any.port <= 60999, `${any.port}`)
  await using first = await listen(net.createServer(), 0, '127.0.0.1')
  await using second = await listen(net.createServer(), first.port, '127.0.0.2')
  assert.equal(second.port, first.port)
  const socket = dgram.createSocket('udp4')
  socket.bind(first.port, '127.0.0.1')
  await once(socket, 'listening')
  assert.equal(socket.address().port, first.port)
  socket.close()
})

rule(37, 'the same address, and a wildcard against another one, are EADDRINUSE', async ({ net }) => {
  const create = (): net.Server => net.createServer()
  {
    await using taken = await listen(create(), 0, '127.0.0.1')
    await refuses('EADDRINUSE', create(), taken.port, '127.0.0.1')
    await refuses('EADDRINUSE', create(), taken.port, '0.0.0.0')
    await refuses('EADDRINUSE', create(), taken.port, '::')
    await using _loopback = await listen(create(), taken.port, '::1')
    await using _only = await listen(create(), { port: taken.port + 1, host: '::', ipv6Only: true })
  }
  {
    await using wildcard = await listen(create(), 0, '0.0.0.0')
    await refuses('EADDRINUSE', create(), wildcard.port, '127.0.0.1')
    await refuses('EADDRINUSE', create(), wildcard.port, '::')
    await using _only = await listen(create(), { port: wildcard.port, host: '::', ipv6Only: true })
    await refuses('EADDRINUSE', create(), { port: wildcard.port, host: '::1', ipv6Only: true })
  }
  {
    await using dual = await listen(create(), 0, '::')
    await refuses('EADDRINUSE', create(), dual.port, '0.0.0.0')
    await refuses('EADDRINUSE', create(), dual.port, '127.0.0.1')
    await refuses('EADDRINUSE', create(), dual.port, '::1')
  }
})

rule(38, 'listening again right after close() works, and a foreign address is EADDRNOTAVAIL', async ({ net }) => {
  const first = await listen(net.createServer(), 0, '127.0.0.1')
  const client = net.connect(first.port, '127.0.0.1')
  await once(client, 'connect')
  client.destroy()
  await first[Symbol.asyncDispose]()
  await using again = await listen(net.createServer(), first.port, '127.0.0.1')
  assert.equal(again.port, first.port)
  await refuses('EADDRNOTAVAIL', net.createServer(), 0, '198.51.100.1')
})

it('rule 38: ports under 1024 without uid 0 are EACCES', async () => {
  for (const uid of [0, 1000]) {
    using ns = createNamespace({ name: 'guest' })
    ns.provide(netStack, createNetStack())
    ns.provide(slots.identity, {
      pid: 1,
      ppid: 0,
      uid,
      gid: uid,
      groups: [],
      umask: 0o022,
      cwd: '/',
      hostname: 'guest',
    })
    const { createServer } = createNetInterceptor().bind(ns).modules['net']!() as typeof net
    if (uid !== 0) {
      await refuses('EACCES', createServer(), 80)
      continue
    }
    await using listening = await listen(createServer(), 80)
    expect(listening.port).toBe(80)
  }
})
