// Resolution, over any file system.
export { createResolver } from './state/resolver.ts'
export type { Resolver } from './state/resolver.ts'
export type { LoaderErrors } from './state/loader-errors.ts'
export { loaderHost } from './loader-host.native.ts'
export type {
  EmitWarning,
  ImportOptions,
  LoaderDialect,
  ModuleFormat,
  PackageConfig,
  PathFunctions,
  RequireOptions,
  ResolvedImport,
  ResolverOptions,
} from './types.ts'

// Loading, in a realm.
export { createLoaderInterceptor } from './shim/interceptor.ts'
export type { LoaderInterceptorOptions } from './shim/interceptor.ts'
export { loaderParts } from './parts.ts'
export type { LoaderParts } from './parts.ts'
export { runEntry } from './run-entry.native.ts'

// Loading, in a context.
export { createContextLoader } from './context/context-loader.native.ts'
export type { ContextLoader, ContextLoaderOptions } from './context/context-loader.native.ts'
export { evaluateAhead } from './context/evaluated.ts'
export type { Evaluated } from './context/evaluated.ts'
export { formatGuestStacks } from './context/guest-stacks.ts'
export { hideOwnFrames } from './shim/own-stacks.ts'
export { createScriptStore } from './context/script-store.native.ts'
export type { ScriptStore, ScriptStoreOptions } from './context/script-store.native.ts'
