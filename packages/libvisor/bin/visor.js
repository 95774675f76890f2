#!/usr/bin/env node
// Loaded by whatever Node is there: nothing in this file is newer than Node 12, and what is newer is imported after
// the version is known.
import { existsSync } from 'fs'
import { isSupportedNode, requirement } from './node-version.js'

if (isSupportedNode(process.versions.node)) {
  // A package from the registry has `dist` only; a workspace that has not been built has `src` only.
  const built = new URL('../dist/cli.js', import.meta.url)
  import(existsSync(built) ? built.href : new URL('../src/cli.ts', import.meta.url).href)
} else {
  console.error(requirement('visor', process.versions.node))
  process.exitCode = 2
}
