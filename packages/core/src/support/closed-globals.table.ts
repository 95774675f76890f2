import type { SupportRow } from '../support.ts'

const threads = 'it reaches every thread of the process'

/** Properties of the global object that work on the host, where the policy allows it. */
export const hostGlobals: readonly SupportRow[] = [
  ['BroadcastChannel', threads],
  ['navigator', 'it tells of the host’s processors, platform and language'],
  ['ShadowRealm', 'a new realm has a Date and a Math.random of the host’s'],
  ['crypto.subtle', 'keys come from the host’s randomness; a seed does not apply to them'],
  ['gc', 'it acts on the whole thread'],
  ['performance.eventLoopUtilization performance.timerify', 'it measures the whole thread, by the host’s clock'],
]

/** Properties of the global object that a guest does not get. */
export const deniedGlobals: readonly SupportRow[] = [
  ['localStorage', 'Node keeps it in a file of the host’s'],
  ['Worker', 'a web worker is not yet a thread of the guest'],
]
