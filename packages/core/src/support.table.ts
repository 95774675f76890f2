import type { ModuleSupport } from './support.ts'
import { deniedSupport } from './support/denied.table.ts'
import { fsSupport } from './support/fs.table.ts'
import { globalSupport } from './support/global.table.ts'
import { hostSupport } from './support/host.table.ts'
import { loaderSupport } from './support/loader.table.ts'
import { netSupport } from './support/net.table.ts'
import { processSupport } from './support/process.table.ts'
import { pureSupport } from './support/pure.table.ts'
import { randomSupport } from './support/random.table.ts'
import { timeSupport } from './support/time.table.ts'

/**
 * Every export of every built-in of Node 22, 24 and 26, every property of `process` and of the global object, and how
 * it behaves in a guest. A test holds it against the running Node, and `docs/coverage.md` is made from it.
 */
export const supportTable: Readonly<Record<string, ModuleSupport>> = {
  ...fsSupport,
  ...netSupport,
  ...timeSupport,
  ...processSupport,
  ...randomSupport,
  ...loaderSupport,
  ...hostSupport,
  ...pureSupport,
  ...deniedSupport,
  ...globalSupport,
}
