import { VisorError } from '@libvisor/core'
import { formatSockets } from '@libvisor/net'
import { readHostFacts } from '../config/host-facts.native.ts'
import { askHosts } from '../host/control-socket.native.ts'
import type { GuestDescription } from '../host/guest-description.ts'

/** What `visor inspect` is asked to do. */
export interface InspectRequest {
  /** Of guests; none for all that run. */
  readonly names: readonly string[]
  readonly json?: boolean
}

/**
 * Shows guests that run, and what they have open on their network.
 *
 * @param request - what was asked for
 * @param write - prints
 * @throws {VisorError} VISOR_OPTION_INVALID when no guest of a name can be found
 */
export async function runInspectCommand({ names, json }: InspectRequest, write: (text: string) => void): Promise<void> {
  const found = await askHosts(readHostFacts().control, names)
  const missing = names.find((name) => !found.some((guest) => guest.name === name))
  if (missing !== undefined) {
    throw new VisorError('VISOR_OPTION_INVALID', `No guest named '${missing}' can be inspected`, {
      hint: "Guests of 'visor run' can be, once they have used their network, and those of createHost({ control: true }), by the same user.",
    })
  }
  write(json === true ? `${JSON.stringify(found, null, 2)}\n` : found.map(describe).join('\n'))
}

function describe({ name, address, isolation, hostPid, cpuMs, sockets }: GuestDescription): string {
  const cpu = cpuMs === undefined ? 'does not answer' : `${(cpuMs / 1000).toFixed(2)} s of CPU`
  const about = [name, address, isolation, `host pid ${hostPid}`, cpu].filter((word) => word !== undefined)
  return `${about.join('  ')}\n${formatSockets(sockets, { name, pid: 1 })}`
}
