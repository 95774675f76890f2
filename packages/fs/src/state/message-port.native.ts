import { host, original } from '@libvisor/abi'
import type { MessageChannel, MessagePort } from 'node:worker_threads'
import type { AnswerClock } from './known-answers.ts'

/**
 * Takes a message from a port without waiting for the event loop.
 *
 * @param port - where it may have come in
 * @returns the message in an object, or `undefined` when there is none
 */
export function receiveMessage(port: MessagePort): { readonly message: unknown } | undefined {
  return original('worker_threads').receiveMessageOnPort(port) as { message: unknown } | undefined
}

/** Makes two ports that are connected. */
export function openChannel(): MessageChannel {
  return new (original('worker_threads').MessageChannel)()
}

/** What tells the time in this thread. */
export const threadClock: AnswerClock = { nowMs: host.monotonicMs, callback: host.callbackId }
