/** `HTTP_PROXY` and its like, by which Node's own clients go where they are told to. */
import { once } from 'node:events'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { describe, expect, it } from 'vitest'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))
const program = fileURLToPath(new URL('programs/env-proxy.cjs', import.meta.url))

async function freePort(): Promise<number> {
  const server = net.createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  return port
}

describe.each([
  ['with NODE_USE_ENV_PROXY', { NODE_USE_ENV_PROXY: '1' }],
  ['without it', {}],
])('HTTP_PROXY %s', (_, used: Readonly<Record<string, string>>) => {
  it.each(['process', 'thread', 'context'])('means the same to a guest, isolation %s', async (isolation) => {
    const port = await freePort()
    const env = { ...used, HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1', NODE_NO_WARNINGS: '1' }
    const native = await runScript([program], { env: { PATH: process.env['PATH'] ?? '', ...env } })
    expect(native).toMatchObject({ code: 0, stderr: '' })
    expect(native.stdout).toContain(used['NODE_USE_ENV_PROXY'] ? 'get proxy' : 'get ENOTFOUND')
    const options = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const guest = await runScript(['--', visor, 'run', '--isolation', isolation, ...options, program])
    // That its port is not published is no matter of the program's.
    expect({ ...guest, stderr: guest.stderr.replaceAll(/^libvisor: .*\n/gm, '') }).toEqual(native)
  })
})
