import { nodeInternals } from './node-internals.native.ts'

const nothing = Buffer.alloc(0)

/**
 * Has Node's JavaScript take the write that it is making for a synchronous one. It looks for that in a place that only native code can write to; a
 * native write that fails at once leaves there that it was not asynchronous.
 *
 * @param request - of the write; `null` in versions of Node that go by what the call returns
 * @source Node 24 `lib/internal/stream_base_commons.js`, afterWriteDispatched; Node 26.10 the same
 */
export function noteSynchronousWrite(request: object | null): void {
  if (request !== null) nodeInternals().neverOpened.writeBuffer(request, nothing)
}
