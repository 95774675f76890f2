/**
 * Runs a CommonJS program without dependencies in a context, as `node` runs it natively.
 *
 * `node in-context.ts <file>`
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import vm from 'node:vm'
import { createGuest } from './create-guest.ts'

const file = process.argv[2] ?? ''
const { ns, realm, modules } = createGuest('guest')
const require = (id: string): unknown => modules.get(id.replace(/^node:/, ''))
const body = vm.compileFunction(readFileSync(file, 'utf8'), ['require'], {
  filename: file,
  parsingContext: realm.context,
})
// Of a CommonJS entry, ticks come before microtasks.
setImmediate(() => ns.run(() => Reflect.apply(body, undefined, [require]) as unknown))
