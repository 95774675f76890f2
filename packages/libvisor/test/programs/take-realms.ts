/** Takes realms from a reserve, and prints of each whether it was made before Node had a certain global. */
import { setTimeout as delay } from 'node:timers/promises'
import { createScriptStore } from '@libvisor/loader'
import { createRealmReserve } from '../../src/context/realm-reserve.ts'

const reserve = createRealmReserve({ interceptors: [], asked: new Set(), scripts: createScriptStore() })
const name = 'CompressionStream'
const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)!

/** Long enough for a thread that has nothing else to do. */
const quietMs = 500

function takeWithout(guest: string): boolean {
  Reflect.deleteProperty(globalThis, name)
  const { realm } = reserve.take(guest)
  Object.defineProperty(globalThis, name, descriptor)
  return Object.hasOwn(realm.global, name)
}

const first = takeWithout('first')
await delay(quietMs)
const afterOne = takeWithout('second')
const atOnce = takeWithout('third')
await delay(quietMs)
const afterSome = takeWithout('fourth')
const [one, other] = [reserve.take('fifth'), reserve.take('sixth')]
console.log(JSON.stringify({ first, afterOne, atOnce, afterSome, different: one.realm !== other.realm }))
