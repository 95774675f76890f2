import { original } from '@libvisor/abi'
import { undisturbed } from './undisturbed.native.ts'

// Importing a built-in costs more at start: Node makes a module of it for that.
const require = original('module').createRequire(import.meta.url)

const loaded = new Map<string, object>()

/** Loads an area the first time: it is asked for at nearly every module of a guest. */
function once<Area extends object>(area: string, load: () => Area): Area {
  let exports = loaded.get(area) as Area | undefined
  if (exports === undefined) loaded.set(area, (exports = uncached(() => undisturbed(load))))
  return exports
}

/** Leaves nothing in `require.cache`: a program finds there what it has required itself. */
function uncached<Exports>(load: () => Exports): Exports {
  const { cache } = require
  const before = new Set(Reflect.ownKeys(cache))
  try {
    return load()
  } finally {
    for (const file of Reflect.ownKeys(cache)) if (!before.has(file)) Reflect.deleteProperty(cache, file)
  }
}

/**
 * Loads the file system: its models, drivers and shims.
 *
 * @returns what `@libvisor/fs` has
 */
export function loadFs(): typeof import('./fs.ts') {
  return once('fs', () => require('./fs.ts') as typeof import('./fs.ts'))
}

/**
 * Loads the network: its model and shims.
 *
 * @returns what `@libvisor/net` has
 */
export function loadNet(): typeof import('./net.ts') {
  return once('net', () => require('./net.ts') as typeof import('./net.ts'))
}

/**
 * Loads the hooks of clocks that are not the host's.
 *
 * @returns what makes their interceptor
 */
export function loadTime(): typeof import('./time.ts') {
  return once('time', () => require('./time.ts') as typeof import('./time.ts'))
}

/**
 * Loads the hooks of randomness that a seed determines.
 *
 * @returns what makes their interceptor
 */
export function loadRandom(): typeof import('./random.ts') {
  return once('random', () => require('./random.ts') as typeof import('./random.ts'))
}

/**
 * Loads what the loader needs once the guest's files differ from the host's.
 *
 * @returns its parts
 */
export function loadLoader(): typeof import('./loader.ts') {
  return once('loader', () => require('./loader.ts') as typeof import('./loader.ts'))
}

/**
 * Loads the table of what a guest gets of Node, and what closes the rest.
 *
 * @returns what closes built-ins
 */
export function loadSealing(): typeof import('./sealing.ts') {
  return once('sealing', () => require('./sealing.ts') as typeof import('./sealing.ts'))
}

/**
 * Loads what runs guests in contexts.
 *
 * @returns what makes a thread one of the pool
 */
export function loadPool(): typeof import('../context/pool-thread.ts') {
  return once('pool-thread', () => require('../context/pool-thread.ts') as typeof import('../context/pool-thread.ts'))
}

/**
 * Loads what lets other processes look at a program that has this one to itself.
 *
 * @returns what opens the socket, and what tells of the program
 */
export function loadControl(): typeof import('./control.ts') {
  return once('control', () => require('./control.ts') as typeof import('./control.ts'))
}
