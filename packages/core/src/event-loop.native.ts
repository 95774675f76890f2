import { host } from '@libvisor/abi'
import { enterNobody } from './async-context.native.ts'
import type { LivenessLoop } from './liveness.ts'
import type { EventLoop } from './scheduler.ts'

const { process } = host
const internals = process as unknown as {
  _getActiveRequests(): object[]
  _getActiveHandles(): object[]
  _tickCallback?: () => void
}
const { _getActiveRequests: activeRequests, _getActiveHandles: activeHandles, _tickCallback: runNextTicks } = internals

/** What warns of deprecation inherits from the function that it calls. @source Node 24 `lib/internal/util.js`, deprecate */
const isSilent = runNextTicks !== undefined && Object.getPrototypeOf(runNextTicks) === Function.prototype

/**
 * Requests that Node's JavaScript makes without an object of its own, so that nobody else counts them. Those of sockets
 * end with their socket; those of files are counted by the area, as Node keeps some that it has never made.
 *
 * @source Node 22, 24, 26 `src/async_wrap.h`: NODE_ASYNC_NON_CRYPTO_PROVIDER_TYPES
 */
const counted = new Set(['GetAddrInfoReqWrap', 'GetNameInfoReqWrap', 'QueryReqWrap'])

/** The event loop of this thread, as it was before any patch. Looking after a guest is not the guest's own doing. */
export const eventLoop: EventLoop & LivenessLoop = {
  setImmediate: host.setImmediate,
  drain: isSilent ? runNextTicks : undefined,
  lookInTurn: (look) => void enterNobody(host.setImmediate, look),
  lookAfter: (look, ms) => void enterNobody(host.setTimeout, look, ms),
  hasRequests: () => activeRequests.call(process).some((request) => counted.has(request.constructor.name)),
  handles: () => activeHandles.call(process),
}
