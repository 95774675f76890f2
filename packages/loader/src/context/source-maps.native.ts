/**
 * Source maps of a guest's modules. Node keeps those of what its own loaders compile; in a context they are looked for when
 * a stack is first read.
 *
 * @source Node 24 `lib/internal/source_map/source_map_cache.js`, `prepare_stack_trace.js`
 */
import { original } from '@libvisor/abi'
import type { SourceMap, SourceMapPayload } from 'node:module'
import type { PathFunctions } from '../types.ts'

/** What a guest wants source maps for. */
export interface SourceMapsSupport {
  readonly enabled: boolean
  readonly nodeModules: boolean
  readonly generatedCode: boolean
}

/** The source maps of one guest. */
export interface GuestSourceMaps {
  support: SourceMapsSupport
  /** The source map of a module, while source maps are enabled. @param file - its path or URL */
  find(file: string): SourceMap | undefined
  /**
   * What a stack shows in place of a frame.
   *
   * @param site - the frame
   * @param caller - the frame below it
   * @returns `undefined` where no source map says more
   */
  describe(site: NodeJS.CallSite, caller: NodeJS.CallSite | undefined): string | undefined
}

/** What they are made of. */
export interface GuestSourceMapsOptions {
  readonly process: NodeJS.Process
  readonly path: PathFunctions
  readonly read: (file: string) => string
}

const magicComment = /\/[*/]#\s+sourceMappingURL=(?<url>\S+)/g

/**
 * Makes the source maps of a guest: enabled at first where its command line says so.
 *
 * @param options - its process and files
 * @returns the source maps
 */
export function createSourceMaps(options: GuestSourceMapsOptions): GuestSourceMaps {
  const { process, path, read } = options
  const flag = '--enable-source-maps'
  const isFlagged = process.execArgv.includes(flag) || (process.env['NODE_OPTIONS'] ?? '').split(' ').includes(flag)
  const found = new Map<string, SourceMap | undefined>()

  function load(url: string): SourceMap | undefined {
    const comment = [...read(path.fileURLToPath(url)).matchAll(magicComment)].at(-1)
    const mapUrl = URL.parse(comment?.groups?.['url'] ?? '', url)
    if (comment === undefined || mapUrl === null) return undefined
    const payload = JSON.parse(textOf(mapUrl)) as SourceMapPayload
    payload.sources = payload.sources.map((source) => absolute((payload.sourceRoot || '') + source, mapUrl, url))
    return new (original('module').SourceMap)(payload)
  }

  function textOf(url: URL): string {
    if (url.protocol !== 'data:') return read(path.fileURLToPath(url))
    const comma = url.pathname.indexOf(',')
    const isBase64 = url.pathname.slice(0, comma).endsWith(';base64')
    const data = url.pathname.slice(comma + 1)
    return isBase64 ? Buffer.from(data, 'base64').toString() : data
  }

  /** A source is relative to the map's file, or, of a map within a module, to the module. */
  function absolute(source: string, mapUrl: URL, moduleUrl: string): string {
    if (path.isAbsolute(source)) return path.pathToFileURL(source).href
    return URL.parse(source, mapUrl.protocol === 'data:' ? moduleUrl : mapUrl.href)?.href ?? source
  }

  function find(file: string): SourceMap | undefined {
    if (!maps.support.enabled) return undefined
    const url = path.isAbsolute(file) ? path.pathToFileURL(file).href : file
    if (!url.startsWith('file:') || (!maps.support.nodeModules && url.includes('/node_modules/'))) return undefined
    if (found.has(url)) return found.get(url)
    // First, for what is thrown on the way.
    found.set(url, undefined)
    try {
      found.set(url, load(url))
    } catch {
      // A source map that is broken or missing leaves stacks as they are.
    }
    return found.get(url)
  }

  const maps: GuestSourceMaps = {
    support: { enabled: isFlagged, nodeModules: isFlagged, generatedCode: isFlagged },
    find,

    describe(site, caller) {
      const file = site.getFileName()
      const map = file ? find(file) : undefined
      if (map === undefined) return undefined
      const entry = entryAt(map, site.getLineNumber(), site.getColumnNumber())
      if (entry?.originalSource === undefined) return undefined
      const { originalSource, originalLine, originalColumn } = entry
      const source = originalSource.startsWith('file:') ? path.fileURLToPath(originalSource) : originalSource
      return `${prefixOf(site)}${nameOf(map, site, caller)} (${source}:${originalLine + 1}:${originalColumn + 1})`
    },
  }
  return maps
}

interface OriginalPosition {
  readonly name?: string
  readonly originalSource: string
  readonly originalLine: number
  readonly originalColumn: number
}

/** Lines and columns of a stack begin with 1, those of a source map with 0. */
function entryAt(map: SourceMap, line: number | null, column: number | null): OriginalPosition | undefined {
  const entry = map.findEntry((line ?? 1) - 1, (column ?? 1) - 1)
  return 'originalLine' in entry ? (entry as OriginalPosition) : undefined
}

function prefixOf(site: NodeJS.CallSite): string {
  if (site.isAsync()) return 'async '
  return site.isConstructor() ? 'new ' : ''
}

/** What has the positions of the function around a frame. */
interface EnclosedSite extends NodeJS.CallSite {
  getEnclosingLineNumber(): number
  getEnclosingColumnNumber(): number
}

/** The name as the source has it: that of the function around the frame, or that under which it was called. */
function nameOf(map: SourceMap, site: NodeJS.CallSite, caller: NodeJS.CallSite | undefined): string {
  const { getEnclosingLineNumber, getEnclosingColumnNumber } = site as EnclosedSite
  const line = getEnclosingLineNumber.call(site)
  const enclosing = entryAt(map, line, getEnclosingColumnNumber.call(site))?.name
  const isSameFile = caller !== undefined && caller.getFileName() === site.getFileName()
  const called = isSameFile ? entryAt(map, caller.getLineNumber(), caller.getColumnNumber())?.name : undefined
  const type = site.getTypeName()
  const name = (enclosing || called) ?? site.getFunctionName() ?? site.getMethodName() ?? ''
  return `${type !== null && type !== 'global' ? `${type}.` : ''}${name || '<anonymous>'}`
}
