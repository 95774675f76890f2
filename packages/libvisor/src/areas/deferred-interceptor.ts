import type { Area, Interceptor } from '@libvisor/core'

/** An interceptor that is loaded late. */
export interface DeferredInterceptorOptions {
  readonly area: Area
  /** The built-ins of the area: asking for one of them loads it. */
  readonly builtins: readonly string[]
  readonly load: () => Interceptor
}

/**
 * Makes an interceptor that is loaded when the first of its built-ins is asked for, so that a program pays for no area
 * that it does not use.
 *
 * @param options - the area, and what loads it
 * @returns the interceptor
 */
export function createDeferredInterceptor(options: DeferredInterceptorOptions): Interceptor {
  const { area, builtins, load } = options
  let loaded: Interceptor | undefined
  const interceptor = (): Interceptor => (loaded ??= load())

  return {
    area,
    install(realm, current) {
      let installed: Disposable | undefined
      let isInstalling = false
      // Installing asks for further built-ins of the same area.
      const installOnce = (): void => {
        if (isInstalling) return
        isInstalling = true
        installed = interceptor().install(realm, current)
      }
      for (const id of builtins) realm.whenAsked(id, installOnce)
      return { [Symbol.dispose]: () => installed?.[Symbol.dispose]() }
    },
    bind: (ns) => interceptor().bind(ns),
  }
}
