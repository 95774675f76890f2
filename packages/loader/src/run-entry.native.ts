import { builtin, host } from '@libvisor/abi'
import { loaderHost } from './loader-host.native.ts'
import type { ModuleConstructor } from './shim/commonjs.ts'
import { planMain } from './shim/run-main.ts'

/**
 * Runs a program as `node <file>` would, in a realm in which the loader's interceptor is installed: `process.argv[1]` is
 * the absolute path, extensions are tried, and the file is CommonJS or ESM as Node decides.
 *
 * It runs in a later turn of the event loop, from the bottom of a stack: what it throws is uncaught, also when there is no
 * such file, and its stacks show nothing of libvisor.
 *
 * @param file - the program, relative to the guest's working directory
 * @example
 * ```ts
 * import { runEntry } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 * import { once } from 'node:events'
 * import { mkdtempSync, writeFileSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 *
 * const file = join(mkdtempSync(join(tmpdir(), 'example-')), 'program.cjs')
 * writeFileSync(file, "process.emit('ran', process.argv[1])")
 * runEntry(file)
 * assert.deepEqual(await once(process, 'ran'), [file])
 * ```
 */
export function runEntry(file: string): void {
  const { process, path } = loaderHost
  const main = path.resolve(process.cwd(), file)
  process.argv[1] = main
  host.setImmediate(planMain(builtin('module') as unknown as ModuleConstructor, main))
}
