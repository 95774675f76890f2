/**
 * The layer of each package: a package may import those of lower layers, and none of its own.
 *
 * @source docs/architecture.md, "The parts, and which may import which"
 */
export const layers: Readonly<Record<string, number>> = {
  '@libvisor/abi': 0,
  '@libvisor/core': 1,
  '@libvisor/fs': 2,
  '@libvisor/net': 2,
  '@libvisor/time': 2,
  '@libvisor/process': 2,
  '@libvisor/random': 2,
  '@libvisor/loader': 3,
  '@libvisor/realm': 3,
  libvisor: 4,
}

/** Private tools: they may import anything, and the tests of any package may import them. */
export const tools: ReadonlySet<string> = new Set([
  '@libvisor/apps',
  '@libvisor/bench',
  '@libvisor/conformance',
  '@libvisor/testkit',
])
