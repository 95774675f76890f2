import type { Flavour } from './path-operation.ts'

const functions = ['access', 'lstat', 'readlink', 'stat'] as const

/**
 * The originals that call nothing that a guest, or libvisor, can replace: no native section needs to be opened around them, and
 * their callbacks and promises are the guest's own.
 *
 * @source Node 22, 24, 26 `lib/fs.js`, `lib/internal/fs/promises.js`, `lib/internal/fs/read/context.js`
 */
export const contained: Readonly<Record<Flavour, readonly string[]>> = {
  sync: [...functions, 'exists'],
  callback: [...functions, 'readFile'],
  promise: [...functions, 'readFile'],
}

/** Whether an original is one of {@link contained}. */
export function isContained(name: string, flavour: Flavour): boolean {
  return contained[flavour].includes(name)
}
