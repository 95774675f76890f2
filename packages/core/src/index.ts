// Namespaces and what is in them.
export { createNamespace, currentNamespace, isOneNamespace, requireAlive } from './namespace.ts'
export type { Adopt, Namespace, NamespaceOptions } from './namespace.ts'
export { defineSlot, slots } from './slot.ts'
export type { Slot } from './slot.ts'
export type { Channel, ChannelKind, Clock, Entropy, FileView, Identity, SocketFiles, Stdio } from './interfaces.ts'
export { createPolicy, denied, unsupported } from './policy.ts'
export type { Policy, PolicyOptions } from './policy.ts'
export { createTrace } from './trace.ts'
export type { Trace, TraceEvent } from './trace.ts'

// The contract of interceptors, and the means to write one.
export type { Area, BoundSet, CurrentNamespace, Interceptor, Realm } from './interceptor.ts'
export { claimRealm, createCurrent, ownerOf, setOwner } from './current.ts'
export { perNamespace } from './per-namespace.ts'
export { createDispatcher, dispatchExports } from './dispatch.ts'
export type { DispatchOptions, Passes } from './dispatch.ts'
export { createPatchRegistry, mimic } from './patch-registry.ts'
export { restateError, restatePlain } from './restate.ts'
export type { PatchRegistry } from './patch-registry.ts'

// The way in: the delivery gate. The way out: native sections.
export {
  deliver,
  deliverEach,
  deliverEachNow,
  deliverNow,
  enterGate,
  fulfil,
  lastDelivery,
  leftByError,
  ownerHere,
} from './delivery.ts'
export type { LastDelivery, Owner } from './delivery.ts'
export { createEventLoopScheduler } from './scheduler.ts'
export type { DeliveryKind, EventLoop, Scheduler } from './scheduler.ts'
export {
  bindGuest,
  callNative,
  callNativeSync,
  captureContext,
  currentFrame,
  enterNobody,
  inNativeSection,
  publishEntries,
  runInFrame,
} from './async-context.native.ts'
export type { EnterContext, Frame } from './async-context.native.ts'

// What libvisor does for itself in the thread of a program.
export { isUnseen, startUnseen } from './unseen.ts'

export { eventLoop } from './event-loop.native.ts'
export { collectYoung, tellOfFilled, tellOfNew } from './buffer-collection.ts'

// What keeps a guest alive.
export { holdUntilCalled, isKeptAlive, keepAlive } from './liveness.native.ts'
export { livenessOf } from './liveness.ts'
export { cpuMsOf, meterCpu } from './cpu-meter.native.ts'
export type { Liveness, LivenessCounts, LivenessLoop } from './liveness.ts'

// Which parts of Node's API a guest gets.
export { areaOf, deniedModules, supportOf, supportRows, supportedIds } from './support.ts'
export type { ModuleSupport, Support, SupportEntry, SupportRow } from './support.ts'
export { closedGlobals } from './closed-globals.ts'
export { refusalOf, sealExports } from './seal.ts'
export type { SealOptions } from './seal.ts'

// Errors for the user of libvisor.
export { VisorError } from './visor-error.ts'
export type { VisorErrorCode, VisorErrorOptions } from './visor-error.ts'
