// Look-ups of what needs no name server, and what Node says of bad arguments.
import dns from 'node:dns'
import { promisify } from 'node:util'

const attempt = async (label, run) => {
  try {
    console.log(label, await run())
  } catch ({ name, code, message }) {
    console.log(label, name, code, message)
  }
}
const lookup = promisify(dns.lookup)
await attempt('localhost', () => lookup('localhost', { family: 4 }))
await attempt('localhost, all', () => lookup('localhost', { family: 4, all: true }))
await attempt('family by number', () => lookup('localhost', 4))
await attempt('family by name', () => lookup('localhost', { family: 'IPv4' }))
await attempt('an address', () => lookup('127.0.0.5'))
await attempt('an IPv6 address', () => lookup('::1', { all: true }))
await attempt('no name', () => lookup('', { family: 4 }))
await attempt('promise', () => dns.promises.lookup('localhost', { family: 4 }))
await attempt('promise, all', () => dns.promises.lookup('localhost', { family: 4, all: true }))
await attempt('promise of an address', () => dns.promises.lookup('127.0.0.5'))
for (const bad of [5, true, Symbol('x'), {}, 'nul\0']) {
  await attempt(`bad name ${typeof bad}`, () => lookup(bad))
  await attempt(`bad name ${typeof bad}, promise`, async () => dns.promises.lookup(bad))
}
for (const bad of [{ family: 5 }, { hints: 3 }, { all: 1 }, { verbatim: 'x' }, { order: 'x' }, 7, 'x']) {
  const label = JSON.stringify(bad)
  await attempt(`bad options ${label}`, () => lookup('localhost', bad))
  await attempt(`bad options ${label}, promise`, async () => dns.promises.lookup('localhost', bad))
}
await attempt('no callback', () => dns.lookup('localhost'))
await attempt('service', async () => promisify(dns.lookupService)('127.0.0.1', 22))
await attempt('service, promise', () => dns.promises.lookupService('127.0.0.1', 65000))
await attempt('bad service', async () => dns.promises.lookupService('localhost', 22))
await attempt('bad port', async () => dns.promises.lookupService('127.0.0.1', 70_000))
let synchronous = true
await new Promise((resolve) => {
  dns.lookup('localhost', () => {
    console.log('synchronous', synchronous)
    resolve()
  })
  synchronous = false
})
