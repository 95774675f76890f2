/** A request of a module, and whether it led to CommonJS. */
export interface ExplainedRequest {
  readonly specifier: string
  readonly isCommonJs: boolean
}

/**
 * Says more about a name that a CommonJS module turned out not to export.
 *
 * @param error - what linking threw
 * @param requests - what the module imports
 * @returns the same error
 * @source Node 24 `lib/internal/modules/esm/module_job.js`, #asyncInstantiate
 */
export function explainInstantiation(error: unknown, requests: readonly ExplainedRequest[]): unknown {
  const { message, stack } = error as { message?: unknown; stack?: unknown }
  if (typeof message !== 'string') return error
  const [, specifier, name] = /module '(.*)' does not provide an export named '(.+)'/.exec(message) ?? []
  if (specifier === undefined || !requests.some((request) => request.specifier === specifier && request.isCommonJs)) {
    return error
  }
  const statement = typeof stack === 'string' ? (stack.split('\n', 2)[1] ?? '') : ''
  const names = /{.*}/.exec(statement)?.[0].replaceAll(/\s+as\s+/g, ': ')
  const explained = error as Error
  explained.message =
    `Named export '${name}' not found. The requested module '${specifier}' is a CommonJS module, which may not support` +
    ' all module.exports as named exports.\nCommonJS modules can always be imported via the default export, for example ' +
    `using:\n\nimport pkg from '${specifier}';\n${names === undefined ? '' : `const ${names} = pkg;\n`}`
  if (typeof stack === 'string') {
    explained.stack = stack.replace(/^SyntaxError: .*$/m, () => `SyntaxError: ${explained.message}`)
  }
  return error
}
