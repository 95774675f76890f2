/** Node's own properties of the global object that hold their values from the start: reading one loads nothing. */
export const eagerGlobals: ReadonlySet<string> = new Set([
  'AbortController',
  'AbortSignal',
  'DOMException',
  'Event',
  'EventTarget',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'atob',
  'btoa',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'fetch',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
  'structuredClone',
])

/** Node's own accessors of the global object. Reading one may load much. */
export const globalAccessors: ReadonlySet<string> = new Set([
  'Buffer',
  'crypto',
  'localStorage',
  'navigator',
  'performance',
  'process',
  'sessionStorage',
])

/** Classes of what is fetched. */
export const bodyGlobals: ReadonlySet<string> = new Set(['FormData', 'Headers', 'Request', 'Response'])
