import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createHost, memory } from 'libvisor'
import type { Guest, Host, Isolation } from 'libvisor'

const server = `
  import http from 'node:http'
  import dgram from 'node:dgram'
  http.createServer((request, response) => response.end('answer')).listen(80)
  dgram.createSocket('udp4').bind(53).on('message', (message, { port, address }) => console.log(String(message)))`

const client = `
  import http from 'node:http'
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const ask = () => new Promise((resolve) => {
    const started = performance.now()
    http.get('http://api/', { agent }, (response) => response.resume().on('end', () => resolve(performance.now() - started)))
      .on('error', ({ code, address }) => resolve(code + ' ' + address))
  })
  process.stdin.on('data', async () => console.log(JSON.stringify(await ask())))
  console.log('ready')`

/** Has the client make a request: how long it took, or why it failed. */
async function ask(guest: Guest): Promise<number | string> {
  const told = once(guest.stdout, 'data')
  guest.stdin!.write('ask')
  return JSON.parse(String((await told)[0])) as number | string
}

async function start(host: Host, isolation: Isolation): Promise<readonly [api: Guest, web: Guest]> {
  const spawn = (name: string, source: string): Promise<Guest> =>
    host.spawn({ name, isolation, stdin: true, entry: '/app/main.mjs', fs: { '/app': memory({ 'main.mjs': source }) } })
  const [api, web] = await Promise.all([spawn('api', server), spawn('web', client)])
  await Promise.all([api.listening(80), once(web.stdout, 'data')])
  return [api, web]
}

describe.each(['thread', 'context'] as const)('links between guests in a %s', (isolation) => {
  it('are slow where it is said, for requests on open connections and on new ones, and for nobody else', async () => {
    await using host = await createHost({ links: [{ between: ['web', 'api'], link: 'delay 150ms' }] })
    const [api, web] = await start(host, isolation)
    // The first request connects: that is a round trip, too.
    expect(await ask(web)).toBeGreaterThan(595)
    expect(await ask(web)).toBeGreaterThan(295)
    expect(await (await host.fetch('http://api/')).text()).toBe('answer')
    host.network.link('web', 'api', undefined)
    await expect.poll(() => ask(web)).toBeLessThan(150)
    host.network.link('*', 'api', { refuse: true })
    await expect
      .poll(() => host.fetch('http://api:81/').then(String, ({ cause }: Error) => String(cause)))
      .toContain(`ECONNREFUSED ${api.address}:81`)
  })

  it('stall where they are cut, and what is open goes on when they are healed', async () => {
    await using host = await createHost()
    const [, web] = await start(host, isolation)
    expect(await ask(web)).toBeTypeOf('number')
    host.network.partition(['web'], ['api'])
    expect(await (await host.fetch('http://api/')).text()).toBe('answer')
    let isAnswered = false
    const stalled = ask(web).then((told) => {
      isAnswered = true
      return told
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(isAnswered).toBe(false)
    host.network.heal()
    expect(await stalled).toBeGreaterThan(400)
  })

  it('that make no sense are refused', async () => {
    await using host = await createHost()
    expect(() => host.network.link('a', 'b', 'delay much')).toThrow(
      expect.objectContaining({ code: 'VISOR_OPTION_INVALID' }),
    )
    await expect(createHost({ links: [{ between: ['a', 'b'], link: { dropPercent: 200 } }] })).rejects.toMatchObject({
      code: 'VISOR_CONFIG_INVALID',
    })
  })
})
