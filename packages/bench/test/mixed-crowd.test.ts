import { describe, it } from 'vitest'
import * as libvisor from 'libvisor'
import { checkMixedCrowd } from '../src/density/mixed-crowd.ts'

// `pnpm bench mixed-crowd` does so with 250 guests.
describe(
  'guests of two apps on one port and one data path answer, and do not notice that one crashes and one exits',
  { timeout: 180_000 },
  () => {
    it('in contexts', () => checkMixedCrowd(libvisor, { express: 16, fastify: 4, isolation: 'context' }))

    it('in threads of their own', () => checkMixedCrowd(libvisor, { express: 3, fastify: 2, isolation: 'thread' }))
  },
)
