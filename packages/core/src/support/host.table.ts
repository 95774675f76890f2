import type { ModuleSupport } from '../support.ts'

const heap = 'it tells of the whole heap of the thread, which guests may share'
const heapFiles = 'V8 writes to the host’s files natively'
const contexts = 'a new context has a Date, Math.random and import() of the host’s'
const resources = 'it shows handles and requests of the host’s, not the guest’s alone'
const debugging = 'a debugger sees and changes the whole process'
const database = 'SQLite opens files of the host natively'

const inspectorSupport: ModuleSupport = {
  host: [['url', 'the address of the host’s debugger']],
  denied: [['DOMStorage Network NetworkResources Session close console open waitForDebugger', debugging]],
}

/** The built-ins that reach into the thread or the process itself. */
export const hostSupport = {
  v8: {
    pure: `
      DefaultDeserializer DefaultSerializer Deserializer Serializer cachedDataVersionTag deserialize
      isStringOneByteRepresentation serialize startupSnapshot.isBuildingSnapshot`,
    host: [
      ['getCppHeapStatistics getHeapCodeStatistics getHeapSpaceStatistics getHeapStatistics', heap],
      ['GCProfiler getHeapSnapshot startCpuProfile startHeapProfile', heap],
      ['promiseHooks', 'it shows every promise of the thread, which guests may share'],
    ],
    denied: [
      ['setHeapProfileNearHeapLimit setHeapSnapshotNearHeapLimit writeHeapSnapshot', heapFiles],
      ['stopCoverage takeCoverage', heapFiles],
      ['queryObjects', 'it finds objects of other guests and of the host'],
      ['setFlagsFromString', 'it changes how V8 works for the whole process'],
      ['startupSnapshot', 'a guest is not what a snapshot would hold'],
    ],
  },
  vm: {
    pure: 'Module Script SyntheticModule compileFunction constants createScript isContext runInThisContext',
    host: [
      ['SourceTextModule createContext runInContext runInNewContext', contexts],
      ['measureMemory', heap],
    ],
  },
  async_hooks: {
    pure: `
      AsyncLocalStorage AsyncResource asyncWrapProviders executionAsyncId triggerAsyncId`,
    host: [['createHook executionAsyncResource', resources]],
  },
  inspector: inspectorSupport,
  'inspector/promises': inspectorSupport,
  sqlite: {
    pure: 'Session StatementSync constants',
    host: [['DatabaseSync backup', database]],
  },
  repl: {
    pure: 'REPL_MODE_SLOPPY REPL_MODE_STRICT Recoverable _builtinLibs builtinModules isValidSyntax writer',
    rides: [['REPLServer start', 'process.stdin, process.stdout, fs, module']],
  },
  test: {
    pure: `
      after afterEach assert before beforeEach describe expectFailure getTestContext it only skip suite test todo`,
    rides: [
      ['mock', 'module.registerHooks'],
      ['run', 'child_process.spawn, fs'],
      ['snapshot', 'fs'],
    ],
  },
  'test/reporters': { pure: 'dot junit lcov spec tap' },
  bench: {
    pure: 'after afterEach before beforeEach bench createRunner describe only skip suite',
    rides: [['run runFile', 'child_process.spawn, fs']],
    notes: [['bench', 'it measures by the host’s clock']],
  },
  'bench/reporters': { pure: 'json spec' },
} satisfies Record<string, ModuleSupport>
