import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { LoaderHost } from '../loader-host.native.ts'
import { createResolver } from '../state/resolver.ts'
import type { Resolver } from '../state/resolver.ts'
import { createSourceReader } from '../state/source-reader.ts'
import type { SourceReader } from '../state/source-reader.ts'

/** How the modules of one namespace are found and read. */
export interface LoaderState {
  readonly resolver: Resolver
  readonly reader: SourceReader
  /** Folders searched after every `node_modules`. */
  globalPaths: readonly string[]
  /** Computes {@link LoaderState.globalPaths} again, from the guest's environment. */
  initPaths(): void
}

/** Where a namespace's environment differs from what a resolver assumes. */
export interface LoaderStateOptions {
  readonly host: LoaderHost
  /** The keys of `require.extensions`. */
  readonly extensions: () => readonly string[]
}

/**
 * Makes the loader's state of a namespace.
 *
 * @param ns - the namespace, with a file view in its slot
 * @param options - the loader's host, and the extensions that `require` tries
 * @returns the state
 */
export function createLoaderState(ns: Namespace, { host, extensions }: LoaderStateOptions): LoaderState {
  const files = ns.get(slots.fileView)
  const { path, dialect, probe, flags, process } = host
  const emitWarning = (message: string, type: string, code: string): void => process.emitWarning(message, type, code)

  /** @source Node 24 `lib/internal/modules/cjs/loader.js`, Module._initPaths */
  function globalPaths(): string[] {
    const { HOME, NODE_PATH } = process.env
    const paths = [path.resolve(process.execPath, '../../lib/node')]
    if (HOME) paths.unshift(path.resolve(HOME, '.node_modules'), path.resolve(HOME, '.node_libraries'))
    if (NODE_PATH) paths.unshift(...NODE_PATH.split(':').filter((folder) => folder !== ''))
    return paths
  }

  const resolver = createResolver({
    files,
    errors: ns.errors,
    intrinsics: ns.intrinsics,
    path,
    dialect,
    extensions,
    emitWarning,
    cwd: () => ns.find(slots.identity)?.cwd ?? process.cwd(),
    globalPaths: () => state.globalPaths,
    preserveSymlinks: flags.preserveSymlinks,
    preserveSymlinksMain: flags.preserveSymlinksMain,
  })
  const state: LoaderState = {
    resolver,
    reader: createSourceReader({ files, resolver, path, dialect, probe, emitWarning }),
    globalPaths: globalPaths(),
    initPaths: () => void (state.globalPaths = globalPaths()),
  }
  return state
}
