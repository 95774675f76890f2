import type { Realm } from '@libvisor/core'

/** What a thread knows of itself, as `worker_threads` tells it. */
export interface ThreadView {
  readonly isMainThread: boolean
  readonly threadId: number
  readonly parentPort: unknown
  readonly workerData: unknown
}

/** What the first thread of a process sees. */
export const mainThread: ThreadView = { isMainThread: true, threadId: 0, parentPort: null, workerData: null }

/**
 * Lets `worker_threads` tell what the guest is to see: a guest that runs in a thread is the main thread of its own
 * process.
 *
 * @param realm - the guest's realm
 * @param view - what to show in place of what is so
 */
export function showThreadAs(realm: Realm, view: Partial<ThreadView>): void {
  realm.whenAsked('worker_threads', (exports) => {
    for (const [name, value] of Object.entries(view)) realm.patches.patch(exports, name, { value })
  })
}
