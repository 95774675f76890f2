// The system's tables: what differs between operating systems.
export { linuxFsConstants, linuxSignals } from './constants.table.ts'
export { linuxErrno } from './errno.table.ts'
export { linux } from './personality.ts'
export type { ErrnoCode, Personality } from './personality.ts'

// Errors as a guest sees them.
export { createErrors } from './errors.ts'
export type {
  CodedError,
  ErrorFactory,
  ErrorFactoryOptions,
  FileErrorOptions,
  SocketErrorOptions,
  SystemError,
} from './errors.ts'

// The built-ins as they were before anything was patched, and captured intrinsics.
export { builtin, host, original } from './originals.native.ts'
export type { HostOriginals, OriginalModules } from './originals.native.ts'
export { hostIntrinsics, intrinsicsOf } from './intrinsics.ts'
export type { Intrinsics } from './intrinsics.ts'
export { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys, uncurryThis } from './uncurry.ts'

// For libvisor's own bugs.
export { invariant } from './invariant.ts'
