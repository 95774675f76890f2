import { host, original } from '@libvisor/abi'

/** V8's code cache by an id that holds the content's hash, for which V8 itself does not check more than the length. */
export interface CodeCache {
  get(id: string): Buffer | undefined
  /** Whether scripts are kept, too: there is a directory. Modules always are, for they are compiled for each guest. */
  readonly isKept: boolean
  put(id: string, data: Buffer): void
  /** Remembers how to make an entry, for {@link CodeCache.persist}: code that has run is worth more. */
  offer(id: string, make: () => Buffer): void
  /** Forgets an entry that V8 did not accept. */
  reject(id: string): void
  /** Counts an entry that V8 accepted. */
  hit(): void
  /** Writes new entries to the directory, if there is one. */
  persist(): void
  readonly statistics: { readonly cacheHits: number; readonly cacheRejections: number }
}

/**
 * Makes a cache.
 *
 * @param directory - where it is kept between runs; threads and processes may share it
 * @returns the cache
 */
export function createCodeCache(directory: string | undefined): CodeCache {
  const entries = new Map<string, Buffer>()
  const offers = new Map<string, () => Buffer>()
  const unwritten = new Set<string>()
  let cacheHits = 0
  let cacheRejections = 0

  const fs = directory === undefined ? undefined : original('fs')
  // V8 accepts only what the same version with the same flags has made.
  const tag = original('v8').cachedDataVersionTag().toString(16)
  const folder = `${directory}/${host.process.versions.v8}-${host.process.arch}-${tag}`
  const fileOf = (id: string): string => `${folder}/${id}`

  function read(id: string): Buffer | undefined {
    if (fs === undefined) return undefined
    try {
      const data = fs.readFileSync(fileOf(id))
      // What scripts are made of is used once; a module is compiled again for each guest.
      if (id.startsWith('module-')) entries.set(id, data)
      return data
    } catch {
      return undefined
    }
  }

  /** Under its name an entry is there as a whole or not at all. A cache that cannot be written is no error. */
  function write(id: string, data: Buffer): void {
    if (fs === undefined) return
    const draft = `${fileOf(id)}.${host.process.pid}-${host.random().toString(36).slice(2)}`
    try {
      fs.writeFileSync(draft, data)
      fs.renameSync(draft, fileOf(id))
    } catch {
      fs.rmSync(draft, { force: true })
    }
  }

  return {
    get: (id) => entries.get(id) ?? read(id),
    isKept: fs !== undefined,
    put(id, data) {
      entries.set(id, data)
      if (fs !== undefined) unwritten.add(id)
    },
    offer(id, make) {
      if (fs !== undefined) offers.set(id, make)
    },
    reject(id) {
      cacheRejections++
      entries.delete(id)
    },
    hit: () => void cacheHits++,
    persist() {
      if (fs === undefined || (offers.size === 0 && unwritten.size === 0)) return
      try {
        fs.mkdirSync(folder, { recursive: true })
      } catch {
        return
      }
      for (const [id, make] of offers) write(id, make())
      for (const id of unwritten) {
        const data = entries.get(id)
        if (data !== undefined) write(id, data)
      }
      offers.clear()
      unwritten.clear()
    },
    get statistics() {
      return { cacheHits, cacheRejections }
    },
  }
}
