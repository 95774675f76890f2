import { run, setUp } from './set-up.mjs'

const node = await setUp()
await run(node, ['scripts/ok.ts', '--full'])
