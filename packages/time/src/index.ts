// Clocks: what time it is in a namespace.
export { createClock } from './state/create-clock.native.ts'
export { createClockFrom } from './state/clock.ts'
export type { ClockOptions, HostReadings, ManualClock, NamespaceClock, RunningClock } from './state/clock.ts'
export { createTimerQueue } from './state/timer-queue.ts'
export type { QueuedTimer, TimerQueue } from './state/timer-queue.ts'

// Time zones.
export { intlZone } from './state/intl-zone.ts'
export { createZone } from './state/zone.ts'
export type { Zone, ZoneSource } from './state/zone.ts'

// The Node-shaped surface: `Date`, `Intl`, `Temporal.Now`, `performance`, `process.hrtime`, timers.
export { createTimeInterceptor } from './shim/interceptor.ts'
