import { unsupported } from '@libvisor/core'

/** Who is told that a guest asks for a built-in, and who may refuse. */
export interface BuiltinGateOptions {
  /**
   * Called for every request of a built-in, before Node hands it out.
   *
   * @param id - its name, without `node:`
   */
  readonly onBuiltin?: ((id: string) => void) | undefined
  /**
   * Whether a built-in is not to be had at all.
   *
   * @param id - its name, without `node:`
   */
  readonly isDenied?: ((id: string) => boolean) | undefined
}

/**
 * Makes the one place that every request of a built-in passes.
 *
 * @param options - who is told
 * @returns a function that takes a built-in's name or URL; anything else passes
 */
export function createBuiltinGate(options: BuiltinGateOptions): (specifier: string) => void {
  const { onBuiltin, isDenied } = options
  return (specifier) => {
    const id = specifier.startsWith('node:') ? specifier.slice('node:'.length) : specifier
    if (isDenied?.(id)) throw unsupported(`node:${id}`)
    onBuiltin?.(id)
  }
}
