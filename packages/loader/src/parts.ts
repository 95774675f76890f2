import { createModuleExports } from './shim/module-exports.ts'
import { createLoaderState } from './shim/loader-state.ts'
import { validateAttributes } from './state/import-attributes.ts'
import { createLoaderErrors } from './state/loader-errors.ts'
import { requireConditions } from './state/resolve-commonjs.ts'

/** What the loader needs as soon as a guest's files differ from the host's, and for functions that few programs call. */
export interface LoaderParts {
  readonly createLoaderState: typeof createLoaderState
  readonly createLoaderErrors: typeof createLoaderErrors
  readonly createModuleExports: typeof createModuleExports
  readonly validateAttributes: typeof validateAttributes
  /** The conditions under which Node resolves what is required. */
  readonly requireConditions: ReadonlySet<string>
}

/**
 * The larger part of the loader. Whoever wants programs to start faster loads it late.
 *
 * @example
 * ```ts
 * import { createLoaderInterceptor, loaderParts } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * const loader = createLoaderInterceptor({ parts: () => loaderParts })
 * assert.equal(loader.area, 'loader')
 * ```
 */
export const loaderParts: LoaderParts = Object.freeze({
  createLoaderState,
  createLoaderErrors,
  createModuleExports,
  validateAttributes,
  requireConditions,
})
