// The hooks of a clock that is not the host's.
export { createTimeInterceptor } from '@libvisor/time'
