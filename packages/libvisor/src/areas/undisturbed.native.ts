import { builtin, original } from '@libvisor/abi'
import { callNativeSync } from '@libvisor/core'

interface Loader {
  readonly prototype: object
  readonly _extensions: object
}

/** A property through which Node's loader calls what may be a guest's, and Node's own value. */
interface Seam {
  readonly target: object
  readonly key: string
  readonly value: unknown
}

const Module = builtin('module') as unknown as Loader
const { defineProperty, get, getOwnPropertyDescriptor } = Reflect

/** What packages replace: to compile other languages, to count what is covered, to cache, to find modules elsewhere. */
const seams: readonly Seam[] = [
  ...seamsOf(Module, ['_load', '_resolveFilename', '_findPath', '_resolveLookupPaths', '_nodeModulePaths', 'wrap']),
  ...seamsOf(Module.prototype, ['load', 'require', '_compile']),
  ...seamsOf(Module._extensions, ['.js', '.json', '.node']),
]

function seamsOf(target: object, keys: readonly string[]): readonly Seam[] {
  return keys.map((key) => ({ target, key, value: get(target, key) as unknown }))
}

const fsSeams = (): readonly Seam[] => {
  const { readFileSync, realpathSync } = original('fs')
  const target = builtin('fs') as object
  return [
    { target, key: 'readFileSync', value: readFileSync },
    { target, key: 'realpathSync', value: realpathSync },
  ]
}

/**
 * Loads code of libvisor's own with Node's own loader and file system, whatever the guest has put in their places: its functions are not
 * called, so that they neither see that code nor run where they would reach the host.
 *
 * @param load - must not wait for anything
 * @returns what it returns
 * @throws {unknown} what it throws
 */
export function undisturbed<Result>(load: () => Result): Result {
  const replaced: (readonly [target: object, key: string, descriptor: PropertyDescriptor | undefined])[] = []
  for (const { target, key, value } of [...seams, ...fsSeams()]) {
    const descriptor = getOwnPropertyDescriptor(target, key)
    if (descriptor !== undefined && 'value' in descriptor && descriptor.value === value) continue
    const native = { value, writable: true, enumerable: true, configurable: true }
    if (defineProperty(target, key, native)) replaced.push([target, key, descriptor])
  }
  try {
    return callNativeSync(load)
  } finally {
    for (const [target, key, descriptor] of replaced.reverse()) {
      if (descriptor === undefined) Reflect.deleteProperty(target, key)
      else defineProperty(target, key, descriptor)
    }
  }
}
