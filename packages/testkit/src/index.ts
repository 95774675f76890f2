// Files and processes of their own, for tests that need a disk or a patched realm.
export { temporaryDirectory } from './temporary-directory.native.ts'
export type { FileTree, TemporaryDirectory } from './temporary-directory.native.ts'
export { runScript } from './run-script.native.ts'
export type { RunScriptOptions, ScriptResult } from './run-script.native.ts'

// The versions of Node on which everything is tested.
export { installNode, nodeVersions, supportedMajors } from './nodes.native.ts'
export type { NodeMajor } from './nodes.native.ts'

// `parity()`, which needs vitest, is in `@libvisor/testkit/parity`.
