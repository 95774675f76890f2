import { apply, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { keepAlive, mimic } from '@libvisor/core'
import type { Realm } from '@libvisor/core'

type Method = (this: object, ...args: unknown[]) => unknown

/**
 * Lets what Node does on its thread pool keep the guest alive for which it is done: such work is on no list that tells
 * who waits for it. Functions with callbacks are held where they are made over for a guest; here is what objects do.
 *
 * @param realm - of a pool thread
 */
export function holdThreadPoolWork(realm: Realm): void {
  realm.whenAsked('zlib', (exports) => holdStreams(realm, exports))
  realm.whenAsked('crypto', () => holdSubtle(realm))
}

/**
 * Streams of `zlib`: a chunk on its way keeps the guest alive, until it is through or the stream is destroyed. What nobody
 * reads stops the work, and a read goes on with it.
 *
 * @source Node 22, 24, 26 `lib/zlib.js`: processCallback
 */
function holdStreams({ patches }: Realm, exports: Record<PropertyKey, unknown>): void {
  const { prototype } = exports['Gzip'] as { prototype: object }
  let base: object | null = prototype
  while (base !== null && !Object.hasOwn(base, '_transform')) base = Object.getPrototypeOf(base) as object | null
  if (base === null || patches.has(base, '_transform')) return
  const { _transform, _destroy, push, read } = base as Record<'_destroy' | '_transform' | 'push' | 'read', Method>
  const working = new WeakMap<object, Disposable>()
  const hold = (stream: object): void => {
    release(stream)
    working.set(stream, keepAlive())
  }
  const release = (stream: object): void => {
    working.get(stream)?.[Symbol.dispose]()
    working.delete(stream)
  }
  patches.patch(base, '_transform', {
    value: mimic(_transform, function (this: object, chunk: unknown, encoding: unknown, callback: Method) {
      hold(this)
      const through = (...results: unknown[]): unknown => {
        release(this)
        return callback.apply(this, results)
      }
      return apply(_transform, this, [chunk, encoding, through]) as unknown
    }),
  })
  const inherited = { writable: true, enumerable: false, configurable: true }
  patches.patch(base, 'push', {
    ...inherited,
    value: mimic(push, function (this: object, ...args: unknown[]) {
      const wantsMore = apply(push, this, args) as boolean
      if (!wantsMore) release(this)
      return wantsMore
    }),
  })
  patches.patch(base, 'read', {
    ...inherited,
    value: mimic(read, function (this: { readonly _read: unknown }, ...args: unknown[]) {
      const { _read: waiting } = this
      const chunk: unknown = apply(read, this, args)
      // The function that goes on with the work puts the usual one back in its place.
      if (this._read !== waiting) hold(this)
      return chunk
    }),
  })
  patches.patch(base, '_destroy', {
    value: mimic(_destroy, function (this: object, ...args: unknown[]) {
      release(this)
      return apply(_destroy, this, args) as unknown
    }),
  })
}

/** Web cryptography: each operation keeps the guest alive until its promise is settled. */
function holdSubtle({ global, patches }: Realm): void {
  const { prototype } = global.SubtleCrypto
  for (const name of ownKeys(prototype)) {
    const method = getOwnPropertyDescriptor(prototype, name)?.value as unknown
    if (typeof method !== 'function' || name === 'constructor' || patches.has(prototype, name)) continue
    const held = async function (this: object, ...args: unknown[]): Promise<unknown> {
      const reference = keepAlive()
      try {
        return await apply(method as Method, this, args)
      } finally {
        reference[Symbol.dispose]()
      }
    }
    patches.patch(prototype, name, { value: mimic(method as Method, held) })
  }
}
