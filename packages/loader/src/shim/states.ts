import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { LoaderParts } from '../parts.ts'
import type { LoaderState, LoaderStateOptions } from './loader-state.ts'

/** Answers with the state of a namespace while its files may differ from the host's; else Node's own loader does it all. */
export type StateOf = (ns: Namespace | undefined) => LoaderState | undefined

/** What states are made of. */
export interface StatesOptions extends LoaderStateOptions {
  readonly parts: () => LoaderParts
}

/**
 * Makes the function that finds the loader's state of a namespace, and makes it when it is first needed.
 *
 * @param options - the loader's host, the extensions that `require` tries, and what makes a state
 * @returns the function
 */
export function createStates(options: StatesOptions): StateOf {
  const states = new WeakMap<Namespace, LoaderState>()
  return (ns) => {
    const files = ns?.find(slots.fileView)
    if (ns === undefined || files === undefined || !files.differsFromHost()) return undefined
    let state = states.get(ns)
    if (state === undefined) states.set(ns, (state = options.parts().createLoaderState(ns, options)))
    return state
  }
}
