// Clocks: what time it is in a namespace.
export { createClock } from './state/create-clock.native.ts'
export type { ClockOptions, HostReadings, ManualClock, NamespaceClock, RunningClock } from './state/clock.ts'
export type { QueuedTimer, TimerQueue } from './state/timer-queue.ts'

// The Node-shaped surface: `Date`, `Intl`, `Temporal.Now`, `performance`, `process.hrtime`, timers.
export { createTimeInterceptor } from './shim/interceptor.ts'
