// The first import of `libvisor/register`: a preload has nobody to catch its errors, so one line and the exit code of
// a wrong command line.
import { isSupportedNode, requirement } from './node-version.js'

if (!isSupportedNode(process.versions.node)) {
  console.error(requirement('libvisor/register', process.versions.node))
  process.exit(2)
}
