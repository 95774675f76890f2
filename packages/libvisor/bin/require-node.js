// The first import of `libvisor`: on a Node that is too old it says so, before whatever is missing there first does.
import { isSupportedNode, requirement } from './node-version.js'

if (!isSupportedNode(process.versions.node)) throw new Error(requirement('libvisor', process.versions.node))
