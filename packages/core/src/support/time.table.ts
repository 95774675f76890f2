import type { ModuleSupport } from '../support.ts'

const threadMeasure = 'it measures the whole thread, by the host’s clock'
const deprecatedTimer = 'a deprecated timer that Node runs on the host’s clock'

/** The built-ins of time. */
export const timeSupport = {
  timers: {
    area: 'time',
    pure: 'clearImmediate setImmediate',
    virtual: `
      clearInterval clearTimeout promises setInterval setTimeout`,
    host: [['_unrefActive active enroll unenroll', deprecatedTimer]],
    notes: [['clearImmediate setImmediate', 'immediates are never faked']],
  },
  'timers/promises': {
    area: 'time',
    pure: 'scheduler.yield setImmediate',
    virtual: 'scheduler setInterval setTimeout',
  },
  perf_hooks: {
    area: 'time',
    pure: `
      PerformanceEntry PerformanceMeasure PerformanceObserverEntryList PerformanceResourceTiming constants
      createHistogram createSlidingWindowHistogram importHistogram`,
    virtual: 'Performance PerformanceMark PerformanceObserver performance',
    host: [
      ['eventLoopUtilization monitorEventLoopDelay timerify', threadMeasure],
      ['performance.eventLoopUtilization performance.timerify', threadMeasure],
    ],
  },
} satisfies Record<string, ModuleSupport>
