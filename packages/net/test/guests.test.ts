import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { describe, expect, it } from 'vitest'

const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url))
/** Node 22 has it behind a flag, with which pool threads are started. */
const contextFrames = process.versions.node.startsWith('22.') ? ['--experimental-async-context-frame'] : []

const expected = `
http /first: api/api
response /first: web/web
http /kept: api/api
response /kept: web/web
upgrade: api/api
upgraded: web/web
http /outside: api/api
http2: api/api
http2 end: web/web
tls: api/api
tls answer: secure
udp: api/api
agents differ: true true
set agent: true false
autoSelectFamily: false true
result order: ipv6first verbatim
name servers: [ '192.0.2.7' ] false
TLS: TLSv1.2 TLSv1.3
api speaks: TLSv1.2
web speaks: TLSv1.3
connect of web’s own: web/web
replaced: function request
usage of api: true true
usage of web: true
aborted: ECONNRESET
nothing open: 0 0
gone: ENOTFOUND
next: api
`

describe('guests of one thread', () => {
  it('run their own handlers, have their own settings, and end alone', async () => {
    const { stdout, stderr } = await runScript([...contextFrames, '--no-warnings', program('side-by-side.ts')])
    expect(stderr).toBe('')
    expect(stdout).toBe(expected.trimStart())
  })

  it('are collected when they have ended, whatever they left open', { timeout: 120_000 }, async () => {
    const { stdout, stderr } = await runScript(
      [...contextFrames, '--expose-gc', '--no-warnings', program('collected.ts'), '200'],
      { timeoutMs: 110_000 },
    )
    expect(stderr).toBe('')
    const { namespace, ...others } = JSON.parse(stdout) as Record<string, number>
    expect(others).toEqual({ made: 400, stack: 0 })
    // The clock of fetch has the async context of whoever started it last, until somebody else does.
    expect(namespace).toBeLessThanOrEqual(1)
  })
})
