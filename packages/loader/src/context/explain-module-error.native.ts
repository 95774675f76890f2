/** What Node adds to the errors of ES modules. */
import { original } from '@libvisor/abi'
import type { PackageConfig } from '../types.ts'

/** A request of a module, and whether it led to CommonJS. */
export interface ExplainedRequest {
  readonly specifier: string
  readonly isCommonJs: boolean
}

/**
 * Gives an error of the loader a frame where it has none: natively it has those of Node's loader, and Node prints errors
 * without frames in another way.
 *
 * @param error - what resolving, reading or linking threw
 * @returns the same error
 */
export function withLoaderFrame(error: unknown): unknown {
  const { stack } = (error ?? {}) as { stack?: unknown }
  if (typeof stack === 'string' && !stack.includes('\n    at ')) {
    ;(error as Error).stack = `${stack}\n    at ModuleLoader.import (node:internal/modules/esm/loader)`
  }
  return error
}

let thrown: unknown
let rethrow: (() => void) | undefined

/**
 * Puts the line of source that an error is about before its stack. Node knows it, and shows it to whoever runs a script
 * that throws.
 *
 * @param error - what Node's parser or linker threw
 */
export function decorate(error: unknown): void {
  if (rethrow === undefined) {
    const { Script, createContext } = original('vm')
    const script = new Script('rethrow()')
    const context = createContext({
      rethrow() {
        throw thrown
      },
    })
    rethrow = () => script.runInContext(context) as void
  }
  thrown = error
  try {
    rethrow()
  } catch {
    // The same error, with its line.
  } finally {
    thrown = undefined
  }
}

/**
 * Says more about why a module cannot be linked: the line, and, for a name that a CommonJS module turned out not to export,
 * what to write in its place.
 *
 * @param error - what linking threw
 * @param requests - what the module imports
 * @returns the same error
 * @source Node 24 `lib/internal/modules/esm/module_job.js`, #asyncInstantiate
 */
export function explainInstantiation(error: unknown, requests: readonly ExplainedRequest[]): unknown {
  decorate(error)
  const { message, stack } = error as { message?: unknown; stack?: unknown }
  if (typeof message !== 'string' || typeof stack !== 'string') return error
  const explained = error as Error
  explained.stack = stack.replace(/\n\n(?=SyntaxError: )/, '\n')
  const [, specifier, name] = /module '(.*)' does not provide an export named '(.+)'/.exec(message) ?? []
  const isCommonJs = requests.some((request) => request.specifier === specifier && request.isCommonJs)
  if (specifier === undefined || !isCommonJs) return error
  const names = /{.*}/.exec(stack.split('\n', 2)[1] ?? '')?.[0].replaceAll(/\s+as\s+/g, ': ')
  explained.message =
    `Named export '${name}' not found. The requested module '${specifier}' is a CommonJS module, which may not support` +
    ' all module.exports as named exports.\nCommonJS modules can always be imported via the default export, for example ' +
    `using:\n\nimport pkg from '${specifier}';\n${names === undefined ? '' : `const ${names} = pkg;\n`}`
  explained.stack = explained.stack.replace(/^SyntaxError: .*$/m, () => `SyntaxError: ${explained.message}`)
  return error
}

/** What to write in place of what only CommonJS has. */
const advice: Readonly<Record<string, string>> = {
  require: 'replace require() with import',
  module: 'use export instead of module.exports/exports',
  exports: 'use export instead of module.exports/exports',
  __filename: 'use import.meta.filename instead',
  __dirname: 'use import.meta.dirname instead',
}

/** Where a variable of CommonJS was missing. */
export interface MissingVariable {
  readonly url: string
  readonly hasTopLevelAwait: boolean
  readonly scope: PackageConfig
  /** Whether Node names the variable (24), or always `require()` (22). */
  readonly namesVariable: boolean
}

/**
 * Says more about a variable that only CommonJS has and that an ES module uses.
 *
 * @param error - what evaluation threw
 * @param where - the module
 * @source Node 24 `lib/internal/modules/esm/module_job.js`, explainCommonJSGlobalLikeNotDefinedError
 */
export function explainMissingVariable(error: unknown, where: () => MissingVariable): void {
  const failure = error as (Error & { code?: string }) | null | undefined
  if (failure?.name !== 'ReferenceError') return
  const [, name = ''] = /^(\w+) is not defined$/.exec(failure.message) ?? []
  if (!Object.hasOwn(advice, name)) return
  const { url, hasTopLevelAwait, scope, namesVariable } = where()
  if (hasTopLevelAwait) {
    failure.message =
      `Cannot determine intended module format because both ${namesVariable ? `'${name}'` : 'require()'} and top-level ` +
      'await are present. If the code is intended to be CommonJS, wrap await in an async function. If the code is ' +
      `intended to be an ES module, ${namesVariable ? advice[name] : advice['require']}.`
    failure.code = 'ERR_AMBIGUOUS_MODULE_SYNTAX'
    return
  }
  failure.message += ` in ES module scope${name === 'require' ? ', you can use import instead' : ''}`
  if (/^file:\/\/.*\.js(?:\?[^#]*)?(?:#.*)?$/.test(url) && scope.type === 'module') {
    failure.message +=
      "\nThis file is being treated as an ES module because it has a '.js' file extension and " +
      `'${scope.path}' contains "type": "module". To treat it as a CommonJS script, rename it to use the '.cjs' file ` +
      'extension.'
  }
}
