// What a program that runs in a thread or in a process has of whoever started it.
import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'

/** Says something to it. */
export const report = (message) => (parentPort === null ? process.send(message) : parentPort.postMessage(message))

/** The name that it gave. */
export const name = workerData?.name ?? process.env.GUEST_NAME
