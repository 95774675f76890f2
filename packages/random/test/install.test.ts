import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** Runs a program in a process of its own, whose realm may be changed. */
function run(body: string): string {
  const program = `
    import * as crypto from 'node:crypto'
    import { createCurrent, createNamespace, createPatchRegistry, slots } from '@libvisor/core'
    import { createEntropy, createRandomInterceptor } from '@libvisor/random'
    const guest = (options) => {
      const ns = createNamespace({ name: 'guest' })
      ns.provide(slots.entropy, createEntropy(options))
      return ns
    }
    const install = (kind, constant) => {
      const patches = createPatchRegistry()
      const exports = process.getBuiltinModule('crypto')
      const realm = { kind, global: globalThis, patches, whenAsked: (id, hook) => hook(exports), ask() {} }
      createRandomInterceptor().install(realm, createCurrent(constant))
      return patches
    }
    const draw = () => {
      const { crypto: web } = globalThis
      const module = process.getBuiltinModule('crypto')
      return [Math.random(), module.randomBytes(4).toString('hex'), module.randomUUID(), web.randomUUID(), [...web.getRandomValues(new Uint8Array(3))]].join()
    }
    ${body}`
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  }).trim()
}

describe('a realm of one namespace', () => {
  it('repeats from process to process when it is seeded', () => {
    const body = `install('own', guest({ seed: 3 })); console.log(draw())`
    expect(run(body)).toBe(run(body))
  })

  it('is not patched at all when it is not seeded', () => {
    const body = `
      const names = ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID']
      const snapshot = () => [Math.random, crypto.webcrypto.getRandomValues, ...names.map((name) => crypto.default[name])]
      const before = snapshot()
      install('own', guest({}))
      const after = snapshot()
      process.getBuiltinModule('assert').deepStrictEqual(after, before)
      console.log('same')`
    expect(run(body)).toBe('same')
  })
})

describe('the deprecated names of randomBytes', () => {
  it('are seeded too, however often they are read', () => {
    const body = `
      install('own', guest({ seed: 3 }))
      const names = ['pseudoRandomBytes', 'prng', 'rng']
      console.log([...names, ...names].map((name) => crypto.default[name](4).toString('hex')).join())`
    expect(run(body)).toBe(run(body))
  })
})

describe('a shared realm', () => {
  it('gives each namespace its own numbers and the host the real ones', () => {
    const body = `
      const patches = install('shared')
      const same = guest({ seed: 3 }).run(draw) === guest({ seed: 3 }).run(draw)
      const host = draw() === draw()
      const unseeded = guest({}).run(draw) === guest({}).run(draw)
      patches[Symbol.dispose]()
      console.log(same, host, unseeded, Math.random.name, Math.random.length, String(Math.random).includes('native'))`
    expect(run(body)).toBe('true false false random 0 true')
  })
})
