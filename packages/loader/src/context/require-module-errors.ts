/**
 * The message for a module that waits at its top level and is required.
 *
 * @param filename - the module
 * @param requireStack - who required it
 * @param showsStack - whether Node shows the whole stack (24) or only who required it (22)
 * @returns the message
 * @source Node 24 `lib/internal/errors.js`, ERR_REQUIRE_ASYNC_MODULE
 */
export function describeAsyncGraph(filename: string, requireStack: readonly string[], showsStack: boolean): string {
  const message =
    'require() cannot be used on an ESM graph with top-level await. Use import() instead. ' +
    'To see where the top-level await comes from, use --experimental-print-required-tla.'
  const [parent] = requireStack
  if (!showsStack) return `${message}${parent === undefined ? '' : `\n  From ${parent} `}\n  Requiring ${filename} `
  const stack = parent === undefined ? '' : `\nRequire stack:\n- ${requireStack.join('\n- ')}`
  return `${message}\nRequired module: ${filename}${stack}`
}

/**
 * The message for a module that requires itself by way of others.
 *
 * @param filename - the module
 * @param parent - who requires it
 * @returns the message
 * @source Node 24 `lib/internal/modules/esm/loader.js`, importSyncForRequire
 */
export function describeCycle(filename: string, parent: string | null | undefined): string {
  return (
    `Cannot require() ES Module ${filename} in a cycle.${parent ? ` (from ${parent})` : ''}` +
    ' A cycle involving require(esm) is not allowed to maintain invariants mandated by the ECMAScript specification. ' +
    'Try making at least part of the dependency in the graph lazily loaded.'
  )
}
