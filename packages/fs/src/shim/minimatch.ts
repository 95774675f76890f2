/** A file of its own, which is loaded with the first pattern; in the bundle it brings the library. */
export { GLOBSTAR, Minimatch } from 'minimatch'
