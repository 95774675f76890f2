import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runScript, temporaryDirectory } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

const program = `
  const { AsyncResource, createHook } = require('node:async_hooks')
  const told = []
  for (const callbacks of [undefined, null, 1, { init: 1 }, { promiseResolve: {} }, Object.create({ before: 'no' })]) {
    try {
      createHook(callbacks)
    } catch (error) {
      told.push([error.name, error.code, error.message])
    }
  }
  told.push([createHook.name, createHook.length])
  const ids = new Set()
  class Callbacks {
    init(id, type, trigger, resource) {
      if (!['MINE', 'Timeout', 'PROMISE'].includes(type)) return
      ids.add(id)
      told.push(['init', this === hook, type, ids.has(trigger), resource.constructor.name, arguments.length])
    }
    before(id) { if (ids.has(id)) told.push(['before', this === hook, arguments.length]) }
    after(id) { if (ids.has(id)) told.push(['after', this === hook, arguments.length]) }
    destroy(id) { if (ids.has(id)) told.push(['destroy', this === hook, arguments.length]) }
    get promiseResolve() { return function (id) { if (ids.has(id)) told.push(['promiseResolve', this === hook, arguments.length]) } }
  }
  const hook = createHook(new Callbacks())
  told.push(hook.enable() === hook)
  const resource = new AsyncResource('MINE')
  resource.runInAsyncScope(() => setTimeout(() => Promise.resolve().then(() => resource.emitDestroy()), 1))
  setTimeout(() => {
    hook.disable()
    console.log(JSON.stringify(told, null, 1))
  }, 100)`

it('async_hooks tell a program what they tell it natively, and refuse the same', async () => {
  using directory = temporaryDirectory({ 'main.cjs': program })
  const options = { cwd: directory.path }
  const native = await runScript(['main.cjs'], options)
  const guest = await runScript(['--', visor, 'run', 'main.cjs'], options)
  expect(guest).toEqual(native)
  expect(native.stdout).toContain('promiseResolve')
})
