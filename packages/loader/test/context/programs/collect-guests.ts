/** Makes guests in contexts, lets each run a program, lets go of them, and prints how many are still alive. */
import { setImmediate } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'
import { intrinsicsOf } from '@libvisor/abi'
import { createNamespace } from '@libvisor/core'
import { createContextLoader, createScriptStore } from '@libvisor/loader'
import { createMemoryFiles } from '../../memory-files.ts'

v8.setFlagsFromString('--no-compilation-cache')

const files = createMemoryFiles({
  '/app/main.cjs':
    "globalThis.seen = [require('./lib'), require('./esm.mjs').default, require('fs').constants.F_OK]\n" +
    "globalThis.later = import('./late.mjs').then((late) => (globalThis.late = late.value))\n" +
    'globalThis.evaluated = eval("import(\'./late.mjs\')")\n',
  '/app/lib.js': "module.exports = { parent: module.parent, data: require('./data.json') }\n",
  '/app/data.json': '{"a": 1}',
  '/app/esm.mjs': "import lib from './lib.js'; import fs from 'node:fs'; export default [lib, fs, import.meta.url]\n",
  '/app/late.mjs': 'await null; export const value = 7\n',
})
const scripts = createScriptStore()
const count = Number(process.argv[2])
let collected = 0
const registry = new FinalizationRegistry(() => collected++)

async function runGuest(): Promise<void> {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY)
  const global = vm.runInContext('globalThis', context) as typeof globalThis & { late?: number; later?: unknown }
  const intrinsics = intrinsicsOf(global)
  const ns = createNamespace({ name: 'guest', intrinsics })
  const modules = { get: (id: string) => process.getBuiltinModule(`node:${id}`) as object }
  const loader = createContextLoader({ ns, realm: { context, global, intrinsics }, files, modules, process, scripts })
  await ns.run(() => loader.runMain('/app/main.cjs'))
  await global.later
  if (global.late !== 7) throw new Error('The program has not run')
  registry.register(global, undefined)
  // `using` is not in Node 22.
  loader[Symbol.dispose]()
  ns[Symbol.dispose]()
}

for (let i = 0; i < count; i++) await runGuest()
// What belongs to the last guest of all may still be on the stack.
for (let i = 0; i < 10 && collected < count; i++) {
  globalThis.gc?.()
  await setImmediate()
}
process.stdout.write(JSON.stringify({ count, collected, scripts: scripts.statistics.scripts }))
