// The hooks of randomness that a seed determines.
export { createRandomInterceptor } from '@libvisor/random'
