/** The entry of a guest's thread. */
import { workerData } from 'node:worker_threads'
import { openSwitchPort } from '../../src/index.ts'
import type { SwitchAttachment } from '../../src/index.ts'
import { startGuest } from './start-guest.ts'

export interface ThreadGuest {
  readonly name: string
  readonly attachment: SwitchAttachment
  /** The URL of a module. */
  readonly program: string
}

const { name, attachment, program } = workerData as ThreadGuest
await startGuest(name, openSwitchPort(attachment), program)
