/** Makes built-ins for one guest after the other, and prints how the shape of each copy differs from Node's exports. */
import { getBuiltinModule } from 'node:process'
import vm from 'node:vm'
import { createGuest } from './create-guest.ts'

const ids = ['crypto', 'http', 'net', 'os', 'path', 'querystring', 'stream', 'tls', 'url', 'util', 'zlib']
/** A name that all of these have in one of their objects, and a function that Node exports. */
const trap = `
  for (const name of ['constants', 'join', 'Z_BEST_SPEED', '404', 'Server']) {
    Object.defineProperty(Object.prototype, name, { set() { throw new Error('set ' + name) }, configurable: true })
  }`

/** What a program finds out about an object, and the objects in it, without calling anything. */
function shapeOf(object: object, guest: object | undefined, depth = 1): unknown[] {
  return Reflect.ownKeys(object).map((key) => {
    const { value, get, set, enumerable, writable } = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor
    const isPlain =
      depth > 0 && typeof value === 'object' && value !== null && !Object.isFrozen(value) && isDictionary(value, guest)
    const kind = isPlain
      ? shapeOf(value as object, guest, depth - 1)
      : typeof value === 'object'
        ? 'object'
        : (value ?? null)
    const held = typeof kind === 'function' ? [kind.name, kind.length] : kind
    return [String(key), held, typeof get, typeof set, enumerable, writable]
  })
}

const isDictionary = (value: object, guest: object = Object.prototype): boolean =>
  [guest, Object.prototype].includes(Reflect.getPrototypeOf(value) as object)

const show = (shape: unknown): string =>
  JSON.stringify(shape, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

const expected = new Map(ids.map((id) => [id, show(shapeOf(getBuiltinModule(id) as object, undefined))]))
const differing = ['a', 'b', 'c', 'd'].map((name) => {
  const { ns, realm, modules } = createGuest(name)
  vm.runInContext(trap, realm.context)
  return ids.filter((id) => {
    const copy = ns.run(() => modules.get(id)) as object
    const proto = realm.global.Object.prototype
    const isOwn =
      copy !== getBuiltinModule(id) && (typeof copy === 'function' || Reflect.getPrototypeOf(copy) === proto)
    return (typeof copy !== 'function' && !isOwn) || show(shapeOf(copy, proto)) !== expected.get(id)
  })
})
console.log(JSON.stringify(differing))
