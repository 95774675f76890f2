import type { ModuleSupport } from '../support.ts'

/** The built-ins of module loading. */
export const loaderSupport = {
  module: {
    area: 'loader',
    pure: `
      Module SourceMap _cache _debug _extensions _nodeModulePaths _pathCache builtinModules constants
      findSourceMap getSourceMapsSupport globalPaths isBuiltin setSourceMapsSupport stripTypeScriptTypes
      syncBuiltinESMExports wrap wrapper`,
    virtual: `
      _findPath _resolveFilename _resolveLookupPaths enableCompileCache findPackageJSON register registerHooks`,
    rides: [
      [
        '_extensions..js _extensions..json _initPaths _load _preloadModules createRequire runMain',
        'module.registerHooks',
      ],
      ['flushCompileCache getCompileCacheDir', 'module.enableCompileCache'],
    ],
    host: [
      ['_extensions..node', 'an addon is native code of the host’s; the policy says which may be loaded'],
      ['_readPackage _stat', 'it reads the host’s files natively'],
    ],
    notes: [
      ['Module', 'the same function as the module itself'],
      ['setSourceMapsSupport', 'the setting is of the thread'],
    ],
  },
} satisfies Record<string, ModuleSupport>
