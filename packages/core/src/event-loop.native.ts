import { host } from '@libvisor/abi'
import type { EventLoop } from './scheduler.ts'

/** The event loop of this thread, as it was before any patch. */
export const eventLoop: EventLoop = { setImmediate: host.setImmediate }
