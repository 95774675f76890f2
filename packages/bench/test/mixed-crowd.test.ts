import { it } from 'vitest'
import * as libvisor from 'libvisor'
import { checkMixedCrowd } from '../src/density/mixed-crowd.ts'

it('guests of two apps on one port and one data path answer in threads of their own, and know nothing of one another', async () => {
  await checkMixedCrowd(libvisor, { express: 3, fastify: 2, isolation: 'thread' })
})
