// The process of a guest as plain state: who it is, what it was started with, its environment, its signals.
export { createIdentity } from './state/identity.ts'
export type { GuestIdentity, IdentityOptions } from './state/identity.ts'
export { createProcessState, loopback, processState } from './state/process-state.ts'
export { usesProxies } from './state/node-options.ts'
export type {
  ChildOfHost,
  InterfaceAddress,
  Interfaces,
  ProcessState,
  ProcessStateOptions,
} from './state/process-state.ts'
export type { Account } from './state/accounts.ts'
export { createEnvironment } from './state/environment.ts'
export type { EnvironmentOptions } from './state/environment.ts'
export { parseEnvFile } from './originals.native.ts'
export { createSignalSender, defaultAction, signals } from './state/signals.ts'
export type { DefaultAction, Signals, SignalTarget } from './state/signals.ts'

// Stdio over the host's descriptors.
export { createHostChannel, createHostStdio } from './state/host-stdio.native.ts'

// The Node-shaped surface: `process`, `os`, `child_process`, `cluster`, `worker_threads.Worker`.
export { createProcessInterceptor } from './shim/interceptor.ts'
export { prepareProcess } from './shim/bound-process.ts'
export type { ProcessInterceptorOptions } from './shim/interceptor.ts'
export type { HostDirectory } from './shim/child-process.ts'
export type { WorkerArguments, WorkerLauncher } from './shim/worker-threads.ts'

// The life of a guest that shares its thread: errors, rejections, warnings, exits, and the moment when nothing keeps it alive.
export { createLifecycle } from './shim/lifecycle.ts'
export type { ExceptionOrigin, GuestLifecycle, GuestUsage, LifecycleOptions } from './shim/lifecycle.ts'
export { installContainment } from './shim/containment.ts'
export type { ContainmentOptions } from './shim/containment.ts'
export { describeUncaught } from './shim/describe-error.ts'
export type { DescribeOptions } from './shim/describe-error.ts'
export { builtinModules } from './state/ending.ts'
export type { EndStatus } from './state/ending.ts'
