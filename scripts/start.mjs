import { announce, run, setUp } from './set-up.mjs'

const node = await setUp()
announce('Building libvisor')
await run(node, ['scripts/build.ts'])
announce('Running examples/consolidation')
await run(node, ['examples/consolidation/main.ts'])
