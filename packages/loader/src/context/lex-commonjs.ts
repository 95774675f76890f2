import { parse } from 'cjs-module-lexer'

/** What the source of a CommonJS module exports, as far as it can be told without running it. */
export interface CommonJsExports {
  readonly names: readonly string[]
  /** The requests of modules whose exports are exported again. */
  readonly reexports: readonly string[]
}

/**
 * Finds the names that a CommonJS source exports, with the lexer that Node uses.
 *
 * @param source - the module's source
 * @returns the names; none where the lexer gives up, as in Node
 */
export function lexCommonJs(source: string): CommonJsExports {
  try {
    const { exports, reexports } = parse(source)
    return { names: [...new Set(exports)], reexports: [...new Set(reexports)] }
  } catch {
    return { names: [], reexports: [] }
  }
}
