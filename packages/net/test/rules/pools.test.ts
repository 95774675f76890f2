/** Rule 48: what keeps connections is never shared. Natively two processes take the place of two namespaces. */
import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { expect, it } from 'vitest'

it('rule 48: pools of agents, of fetch, of HTTP/2 and of TLS sessions are each namespace’s own', async () => {
  const program = fileURLToPath(new URL('../programs/pools.ts', import.meta.url))
  const { stdout, stderr, code } = await runScript(['--no-deprecation', program])
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect(stdout.split('\n')).toEqual([
    'agent: a:1 b:1 a:1 b:1',
    'https agent: a:1 b:1 a:1 b:1',
    'fetch: a:2 b:2 a:2 b:2',
    'http2: a:1 b:1 a:2 b:2',
    'TLS sessions: a:new b:new a:reused b:reused',
    '',
  ])
})
