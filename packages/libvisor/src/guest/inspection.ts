import { host } from '@libvisor/abi'
import { callNative, enterNobody, startUnseen } from '@libvisor/core'
import { loadControl } from '../areas/load-area.native.ts'
import type { ControlPlace } from '../config/host-facts.native.ts'
import type { FurnishedNamespace } from './furnish.ts'

/** How long a program uses its network before others can look at it: a short one, and the start of any, are not held up. @units milliseconds */
const DELAY_MS = 250

// Captured before they are the guest's.
const { cpuUsage, memoryUsage, uptime } = host.process

/** What lets other processes of the same user look at a guest. Disposing of it ends that. */
export interface Inspection extends Disposable {
  /**
   * Begins when the guest has used its network for a moment. The guest does not notice.
   *
   * @param guest - has this process to itself, and is about to start
   */
  allow(guest: FurnishedNamespace): void
}

/**
 * Makes what lets other processes look at the guest that has this process to itself.
 *
 * @param place - by which they look
 */
export function createInspection(place: ControlPlace): Inspection {
  let control: Disposable | undefined
  return {
    allow(guest) {
      const startMs = uptime() * 1000
      const open = (): void => {
        const { describeProcess, openControlSocket } = loadControl()
        control = openControlSocket(place, async (isAsked) => {
          if (!isAsked(guest.ns.name)) return []
          const { user, system } = cpuUsage()
          const used = { cpuMs: (user + system) / 1000, heapUsedBytes: memoryUsage().heapUsed }
          return [describeProcess(guest, { ...used, startMs, hostPid: place.pid })]
        })
      }
      const startTimer = (): NodeJS.Timeout => callNative(host.setTimeout, open, DELAY_MS).unref()
      guest.whenNetworked(() => enterNobody(startUnseen<NodeJS.Timeout>, startTimer, Number))
    },
    [Symbol.dispose]: () => control?.[Symbol.dispose](),
  }
}
