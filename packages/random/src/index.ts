// Where randomness comes from.
export { createEntropy } from './state/create-entropy.native.ts'
export type { EntropyOptions } from './state/create-entropy.native.ts'

// The Node-shaped surface: `Math.random`, `crypto`, `globalThis.crypto`.
export { createRandomInterceptor } from './shim/interceptor.ts'
