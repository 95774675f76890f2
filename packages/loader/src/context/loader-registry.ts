import { currentNamespace, unsupported } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'

/** What the code of a shared script needs of the loader of the guest that runs it. */
export interface SharedCodeLoader {
  import(specifier: string, parentURL: string | undefined, attributes?: object): Promise<object>
  /** The guest's own, with what it has put there about stacks. */
  readonly Error: ErrorConstructor
  /** What a stack shows in place of a frame; `undefined` for the frame itself. */
  describeFrame(site: NodeJS.CallSite, caller: NodeJS.CallSite | undefined): string | undefined
}

const loaders = new WeakMap<Namespace, SharedCodeLoader>()

/**
 * Makes a loader the one that `import()` reaches from code that guests share.
 *
 * @param ns - the guest's namespace
 * @param loader - its loader
 */
export function registerLoader(ns: Namespace, loader: SharedCodeLoader): void {
  loaders.set(ns, loader)
}

/**
 * Imports for code that guests share, on behalf of the guest that runs it.
 *
 * @param specifier - what is imported
 * @param parentURL - the URL of the module that imports
 * @param attributes - what stands after `with`
 * @returns the module's namespace
 * @throws {VisorError} VISOR_UNSUPPORTED when the running code belongs to no guest
 */
export function importForCurrent(specifier: string, parentURL: string, attributes: object): Promise<object> {
  const ns = currentNamespace()
  const loader = ns === undefined ? undefined : loaders.get(ns)
  if (loader === undefined) throw unsupported(`import('${specifier}')`, 'the code that calls it belongs to no guest')
  return loader.import(specifier, parentURL, attributes)
}

/**
 * The `Error` of a guest.
 *
 * @param ns - the guest's namespace
 * @returns `undefined` where it has no loader of its own
 */
export function errorClassOf(ns: Namespace): ErrorConstructor | undefined {
  return loaders.get(ns)?.Error
}

/**
 * What a stack shows in place of a frame, where a guest has source maps enabled.
 *
 * @param ns - the guest's namespace
 * @param site - the frame
 * @param caller - the frame below it
 * @returns `undefined` for the frame itself
 */
export function describeFrame(
  ns: Namespace,
  site: NodeJS.CallSite,
  caller: NodeJS.CallSite | undefined,
): string | undefined {
  return loaders.get(ns)?.describeFrame(site, caller)
}
