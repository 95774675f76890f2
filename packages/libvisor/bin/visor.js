#!/usr/bin/env -S node --
// Loaded by whatever Node is there: nothing in this file is newer than Node 12, and what is newer is imported after
// the version is known.
import { existsSync } from 'fs'
import { isSupportedNode, requirement } from './node-version.js'

if (isSupportedNode(process.versions.node)) {
  // A package from the registry has no sources. In the workspace they are what counts: `dist` may be of yesterday.
  const source = new URL('../src/cli.ts', import.meta.url)
  import(existsSync(source) ? source.href : new URL('../dist/cli.js', import.meta.url).href)
} else {
  console.error(requirement('visor', process.versions.node))
  process.exitCode = 2
}
