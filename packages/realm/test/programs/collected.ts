/**
 * Makes guests, has each use some built-ins, drops them, and prints how many are still there.
 *
 * `node --expose-gc collected.ts <how many>`
 */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import vm from 'node:vm'
import { createGuest } from './create-guest.ts'

setFlagsFromString('--no-compilation-cache')

const count = Number(process.argv[2])
let live = 0
const registry = new FinalizationRegistry(() => live--)

const program = `
  class Failure extends Error {}
  const seen = [new Failure('a') instanceof Error, [] instanceof Array]
  for (const id of ['assert', 'util', 'path', 'url', 'events', 'vm', 'buffer', 'crypto']) seen.push(require(id))
  require('util').inspect(new Failure('a'))
  require('assert').notDeepStrictEqual(structuredClone({ a: [1] }), { a: [2] })
  require('vm').runInThisContext('seen => seen.length')(seen)
  require('vm').runInNewContext('a', { a: 1 })
  eval('seen').push(new Function('return 1')())
`

async function useOne(number: number): Promise<void> {
  const { ns, realm, modules } = createGuest(`guest ${number}`)
  live++
  registry.register(realm.global, number)
  Reflect.set(realm.global, 'require', (id: string) => modules.get(id))
  await ns.run(() => vm.runInContext(`(async () => {${program}})()`, realm.context) as Promise<void>)
  modules[Symbol.dispose]()
  ns[Symbol.dispose]()
  realm[Symbol.dispose]()
}

for (let number = 0; number < count; number++) await useOne(number)
for (let round = 0; round < 10 && live > 0; round++) {
  await setImmediate()
  gc?.()
}
console.log(live)
