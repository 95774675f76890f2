/** Has two guests of one thread meet on what they share, and prints what each finds. */
import vm from 'node:vm'
import { createGuest } from './create-guest.ts'

const guests = ['a', 'b'].map((name) => {
  const { ns, realm, modules } = createGuest(name)
  Reflect.set(realm.global, 'require', (id: string) => modules.get(id))
  Reflect.set(realm.global, 'name', name)
  return { ns, realm, run: (code: string): unknown => ns.run(() => vm.runInContext(code, realm.context) as unknown) }
})
const [a, b] = guests as [(typeof guests)[0], (typeof guests)[0]]

a.run("require('path').join = () => 'mine'; require('os').constants.mine = true; Array.prototype.mine = true")
const refusal = "(() => { try { require('v8').setFlagsFromString('--x') } catch (error) { return error.code } })()"
const error = a.run('new TypeError()')
console.log(
  JSON.stringify({
    joined: [a.run("require('path').join('x')"), b.run("require('path').join('x')")],
    nested: b.run("require('os').constants.mine") ?? null,
    intrinsics: [b.run('[].mine') ?? null, Reflect.get([], 'mine') ?? null],
    evaluated: guests.map(({ run }) => run("setTimeout.constructor('return name')()")),
    refused: b.run(refusal),
    instances: [
      error instanceof TypeError,
      Reflect.apply(b.run('(e) => e instanceof Error') as () => boolean, null, [error]),
    ],
    owners: [a.realm.owns(error), b.realm.owns(error), a.realm.owns([]), a.realm.owns(a.realm.adopt([]))],
    frozen: a.realm.owns(a.realm.adopt(Object.freeze({}))),
    deep: a.realm.owns(a.realm.adopt({ list: [new Map([[1, { x: Promise.resolve() }]])] }).list[0]?.get(1)?.x),
  }),
)
