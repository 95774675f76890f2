import * as nodeCrypto from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createNamespace, slots } from '@libvisor/core'
import { createEntropy, createRandomInterceptor } from '@libvisor/random'

type Crypto = typeof nodeCrypto

const bind = (seed: number): Crypto => {
  const ns = createNamespace({ name: 'guest' })
  ns.provide(slots.entropy, createEntropy({ seed }))
  return createRandomInterceptor().bind(ns).modules['crypto']!() as Crypto
}

/** What a call ends with: the shape of its result, or its error. */
function outcome(call: () => unknown): unknown {
  try {
    const result = call()
    return [typeof result, Object.prototype.toString.call(result), (result as { length?: number } | undefined)?.length]
  } catch (error) {
    const { name, code, message } = error as Error & { code?: unknown }
    return { name, code, message }
  }
}

const callback = (): void => {}

/** Calls that end without random results that could differ in shape. */
const calls: Record<string, (crypto: Crypto) => unknown> = {}
/** Anything may be passed to anything here. */
type LooseFunction = (...args: unknown[]) => unknown
type Loose = {
  readonly [
    Name in 'randomBytes' | 'randomInt' | 'randomFill' | 'randomFillSync' | 'randomUUID' | 'getRandomValues'
  ]: LooseFunction
} & { readonly webcrypto: { readonly [Name in 'getRandomValues' | 'randomUUID']: LooseFunction } }
const call = (name: string, body: (crypto: Loose) => unknown): void =>
  void (calls[name] = (crypto) => body(crypto as unknown as Loose))

for (const size of [0, 1, 100, -1, 1.5, NaN, 2 ** 31, 2 ** 53, '1', undefined, null, {}]) {
  call(`randomBytes(${String(size)})`, (crypto) => crypto.randomBytes(size))
  call(`randomBytes(${String(size)}, callback)`, (crypto) => crypto.randomBytes(size, callback))
}
for (const bad of [null, 1, 'x', {}]) {
  call(`randomBytes(1, ${String(bad)})`, (crypto) => crypto.randomBytes(1, bad))
  call(`randomInt(1, 2, ${String(bad)})`, (crypto) => crypto.randomInt(1, 2, bad))
  call(`randomFill(buffer, 0, 1, ${String(bad)})`, (crypto) => crypto.randomFill(Buffer.alloc(4), 0, 1, bad))
  call(`randomFillSync(${String(bad)})`, (crypto) => crypto.randomFillSync(bad))
  call(`randomUUID(${String(bad)})`, (crypto) => crypto.randomUUID(bad))
}
const places = [undefined, 0, 1, 3, 4, 5, -1, 1.5, NaN, Infinity, '1', null]
for (const offset of places) {
  for (const size of places) {
    const text = `${String(offset)}, ${String(size)}`
    call(`randomFillSync(Uint8Array, ${text})`, (crypto) => crypto.randomFillSync(new Uint8Array(4), offset, size))
    call(`randomFillSync(Uint32Array, ${text})`, (crypto) => crypto.randomFillSync(new Uint32Array(4), offset, size))
    call(`randomFillSync(DataView, ${text})`, (crypto) =>
      crypto.randomFillSync(new DataView(new ArrayBuffer(4)), offset, size),
    )
    call(`randomFill(ArrayBuffer, ${text})`, (crypto) => crypto.randomFill(new ArrayBuffer(4), offset, size, callback))
  }
}
for (const args of [
  [],
  [0],
  [1],
  [-1],
  [5, 5],
  [5, 6],
  [6, 5],
  [0, 2 ** 48],
  [2 ** 53],
  [1.5],
  ['1'],
  [1, '2'],
  [-5, -2],
]) {
  call(`randomInt(${String(args)})`, (crypto) => crypto.randomInt(...args))
}
call('getRandomValues(Uint8Array)', (crypto) => crypto.getRandomValues(new Uint8Array(4)))
call('getRandomValues(Float32Array)', (crypto) => crypto.getRandomValues(new Float32Array(4)))
call('getRandomValues(65537 bytes)', (crypto) => crypto.getRandomValues(new Uint8Array(65_537)))
call('webcrypto.randomUUID()', (crypto) => crypto.webcrypto.randomUUID())
call('webcrypto.getRandomValues()', (crypto) => crypto.webcrypto.getRandomValues())

describe('crypto of a seeded guest ends as the original', () => {
  const guest = bind(1)
  it.each(Object.keys(calls))('%s', (name) => {
    expect(outcome(() => calls[name]!(guest))).toEqual(outcome(() => calls[name]!(nodeCrypto)))
  })
})

/** The same body over the real module and over a guest's. */
function behaves(crypto: Crypto): void {
  it('randomFillSync() fills the part that is asked for and no other', () => {
    const words = new Uint32Array(4)
    expect(crypto.randomFillSync(words, 1, 2)).toBe(words)
    expect([words[0], words[3]]).toEqual([0, 0])
    expect(words[1]! + words[2]!).toBeGreaterThan(0)
  })

  it('randomFill() does not call back in the turn that called it, and fills before it does', async () => {
    const buffer = Buffer.alloc(16)
    let returned = false
    await new Promise<void>((resolve, reject) => {
      crypto.randomFill(buffer, (error, result) => {
        try {
          expect([error, result, returned]).toEqual([null, buffer, true])
          expect(buffer.some((byte) => byte !== 0)).toBe(true)
          resolve()
        } catch (failure) {
          reject(failure as Error)
        }
      })
      returned = true
    })
  })

  it('randomInt() stays in its range and reaches both ends', () => {
    const seen = new Set(Array.from({ length: 400 }, () => crypto.randomInt(-2, 3)))
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2])
  })

  it('randomUUID() is of version 4 and variant 1', () => {
    for (const uuid of [crypto.randomUUID(), crypto.webcrypto.randomUUID()]) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
  })

  it('getRandomValues() fills the view and returns it', () => {
    const view = new Uint16Array(new ArrayBuffer(32), 8, 4)
    expect(crypto.webcrypto.getRandomValues(view)).toBe(view)
    expect(view.some((value) => value !== 0)).toBe(true)
    expect([...new Uint8Array(view.buffer, 0, 8)].every((byte) => byte === 0)).toBe(true)
  })

  it('what is not random is as it was', async () => {
    expect(crypto.createHash('sha256').update('a').digest('hex')).toBe(
      nodeCrypto.createHash('sha256').update('a').digest('hex'),
    )
    expect(crypto.webcrypto.subtle).toBe(nodeCrypto.webcrypto.subtle)
    expect(crypto.webcrypto).toBeInstanceOf(globalThis.Crypto)
  })
}

describe('the real crypto', () => behaves(nodeCrypto))
describe('the crypto of a guest', () => behaves(bind(2)))

describe('two guests with one seed', () => {
  it('get the same from every function, in the order of their calls', async () => {
    const run = async (crypto: Crypto): Promise<unknown[]> => {
      const later = [
        new Promise((resolve) => crypto.randomBytes(8, (_error, bytes) => resolve(bytes.toString('hex')))),
        new Promise((resolve) => crypto.randomInt(1000, (_error, value) => resolve(value))),
        new Promise((resolve) => crypto.randomFill(Buffer.alloc(4), (_error, bytes) => resolve(bytes.toString('hex')))),
      ]
      const now = [crypto.randomBytes(4).toString('hex'), crypto.randomInt(9999), crypto.randomUUID()]
      return [...now, [...crypto.getRandomValues(new Uint8Array(4))], ...(await Promise.all(later))]
    }
    expect(await run(bind(5))).toEqual(await run(bind(5)))
    expect(await run(bind(5))).not.toEqual(await run(bind(6)))
  })
})
