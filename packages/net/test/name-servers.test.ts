import dgram from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createSwitch } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'

/** Answers every question for an A record with one address. @source RFC 1035, section 4 */
function answer(query: Buffer, address: readonly number[]): Buffer {
  const questionEnd = query.indexOf(0, 12) + 5
  const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address])
  return Buffer.concat([header, query.subarray(12, questionEnd), record])
}

async function serveNames(socket: dgram.Socket, address: readonly number[]): Promise<number> {
  socket.on('message', (query, { port, address: from }) => socket.send(answer(query, address), port, from))
  socket.bind(0)
  await once(socket, 'listening')
  return (socket.address() as AddressInfo).port
}

it('resolvers ask a name server of the guest’s own, and not what has its port on the host', async () => {
  using guest = createGuest()
  const port = await serveNames(guest.dgram.createSocket('udp4'), [192, 0, 2, 1])
  const outside = dgram.createSocket('udp4')
  let isAsked = false
  outside.on('message', () => (isAsked = true)).bind(port, '127.0.0.1')
  await once(outside, 'listening')

  const resolver = new guest.dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  expect(resolver.getServers()).toEqual([`127.0.0.1:${port}`])
  expect(await resolver.resolve4('name.test')).toEqual(['192.0.2.1'])
  guest.dns.setServers([`127.0.0.1:${port}`])
  expect(await guest.dns.promises.resolve4('name.test')).toEqual(['192.0.2.1'])
  expect(isAsked).toBe(false)
  outside.close()
})

it('resolvers ask a name server of another guest', async () => {
  using network = createSwitch()
  using names = createGuest('names', { switchPort: network.attachLocal('names') })
  using web = createGuest('web', { switchPort: network.attachLocal('web') })
  const port = await serveNames(names.dgram.createSocket('udp4'), [192, 0, 2, 2])
  const resolver = new web.dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`${names.stack.addresses[0]}:${port}`])
  expect(await resolver.resolve4('name.test')).toEqual(['192.0.2.2'])
})

it('servers that Node would refuse are refused', () => {
  using guest = createGuest()
  const resolver = new guest.dns.Resolver()
  expect(() => resolver.setServers(['no address'])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_IP_ADDRESS' }))
})
