import { createSwitch } from '@libvisor/net'
import { VisorError } from '@libvisor/core'
import type { GuestOptions } from '../config/guest-options.ts'
import { readHostFacts } from '../config/host-facts.native.ts'
import { resolveNamespace, resolveProgram } from '../config/resolve.ts'
import { createHostFetch } from './host-fetch.native.ts'
import type { HostFetch } from './host-fetch.native.ts'
import type { Guest } from './guest.ts'
import { startThreadGuest } from './thread-guest.native.ts'

/** Runs guests in this process, on a network of their own. Made by {@link createHost}. */
export interface Host extends AsyncDisposable {
  /** The guests that run now, by name. */
  readonly guests: ReadonlyMap<string, Guest>
  /**
   * Starts a program in a namespace of its own.
   *
   * @param options - the program, and what it sees
   * @returns the guest, when its program is about to start
   * @throws {VisorError} VISOR_CONFIG_INVALID when an option is wrong, naming it and its value
   * @throws {VisorError} VISOR_ENTRY_NOT_FOUND when there is no such program
   * @throws {VisorError} VISOR_GUEST_NAME_TAKEN when a guest of that name runs
   * @throws {VisorError} VISOR_ADDRESS_IN_USE when a port cannot be published
   * @throws {VisorError} VISOR_MOUNT_UNREADABLE when a directory of the host cannot be mounted
   * @throws {VisorError} VISOR_GUEST_ENDED when this host has been disposed of
   */
  spawn(options: GuestOptions): Promise<Guest>
  /**
   * `fetch` on the guests' network: `http://api:3000/` is the guest `api`.
   *
   * @param input - as for the global `fetch`
   * @param init - as for the global `fetch`
   */
  fetch: HostFetch
}

/**
 * Makes a host: a network, and the guests on it. Disposing of it ends them all.
 *
 * @returns the host
 * @example
 * ```ts
 * import { createHost, memory } from 'libvisor'
 * import assert from 'node:assert/strict'
 *
 * await using host = await createHost()
 * const guest = await host.spawn({
 *   name: 'hello',
 *   entry: '/app/hello.mjs',
 *   fs: { '/app': memory({ 'hello.mjs': 'console.log(`pid ${process.pid} on ${(await import("node:os")).hostname()}`)' }) },
 * })
 * const [output, { code }] = await Promise.all([guest.stdout.toArray(), guest.exited])
 * assert.equal(Buffer.concat(output).toString(), 'pid 1 on hello\n')
 * assert.equal(code, 0)
 * ```
 */
export async function createHost(): Promise<Host> {
  // Checking what users pass in takes longer to load than all the rest.
  const { checkShape } = await import('../config/schema.ts')
  const network = createSwitch()
  const guests = new Map<string, Guest>()
  /** Names of guests that are being started. */
  const starting = new Set<string>()
  const hostFetch = createHostFetch(network)
  let closed = false

  return {
    guests,
    fetch: hostFetch.fetch,

    async spawn(options) {
      checkShape('options of a guest', options)
      if (closed) throw new VisorError('VISOR_GUEST_ENDED', `The host has been closed: '${options.name}' cannot start`)
      const { name } = options
      if (guests.has(name) || starting.has(name)) {
        throw new VisorError('VISOR_GUEST_NAME_TAKEN', `A guest named '${name}' is running already`, {
          hint: 'Give each guest a name of its own.',
        })
      }
      starting.add(name)
      try {
        const facts = readHostFacts()
        const spec = resolveNamespace(options, facts)
        const program = resolveProgram(options, spec, facts)
        const attachment = network.attach(name, { aliases: spec.aliases })
        const leave = (): void => {
          guests.delete(name)
          network.detach(name)
        }
        const guest = await startThreadGuest({
          spec,
          program,
          stdio: options.stdio ?? 'pipe',
          network: attachment,
        }).catch((error: unknown) => {
          leave()
          throw error
        })
        guests.set(name, guest)
        void guest.exited.then(leave)
        return guest
      } finally {
        starting.delete(name)
      }
    },

    async [Symbol.asyncDispose]() {
      closed = true
      await Promise.all([...guests.values()].map((guest) => guest[Symbol.asyncDispose]()))
      await hostFetch[Symbol.asyncDispose]()
      network[Symbol.dispose]()
    },
  }
}
