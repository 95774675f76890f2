import type { Connection } from './connection.ts'

/**
 * Connects that stacks of this thread have asked the switch for, by a key that nobody else can know. Where the stack that is asked lives in
 * this thread, too, it finds here whom to give the other end of a connection in memory.
 */
const offered = new Map<string, (client: Connection) => void>()

/**
 * Offers to be joined in memory.
 *
 * @param key - goes with what is asked
 * @param join - called with the client's end, if the server is in this thread
 * @returns takes the offer back
 */
export function offerInMemory(key: string, join: (client: Connection) => void): () => void {
  offered.set(key, join)
  return () => void offered.delete(key)
}

/**
 * Takes up an offer.
 *
 * @param key - what came with the question
 * @returns whom to give the client's end; `undefined` when whoever asks is in another thread
 */
export function takeOffer(key: string | undefined): ((client: Connection) => void) | undefined {
  if (key === undefined) return undefined
  const join = offered.get(key)
  offered.delete(key)
  return join
}
