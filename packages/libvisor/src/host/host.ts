import { host as node } from '@libvisor/abi'
import { createHostFs, createVolumeStore } from '@libvisor/fs'
import type { VolumeStore } from '@libvisor/fs'
import { createSwitch } from '@libvisor/net'
import { VisorError } from '@libvisor/core'
import type { GuestOptions } from '../config/guest-options.ts'
import { readHostFacts } from '../config/host-facts.native.ts'
import { describeStall, resolvePool } from '../config/pool-options.ts'
import type { HostOptions } from '../config/pool-options.ts'
import { resolveNamespace, resolveProgram } from '../config/resolve.ts'
import { placeVolumes, volumesIn } from '../config/volumes.ts'
import { createHostClients } from './host-clients.native.ts'
import type { HostConnect, HostFetch } from './host-clients.native.ts'
import { openControlSocket } from './control-socket.native.ts'
import { describeGuest } from './guest-description.ts'
import { createHostNetwork } from './host-network.ts'
import type { HostNetwork } from './host-network.ts'
import type { Guest } from './guest.ts'
import { GuestHandle } from './guest-handle.native.ts'
import { GuestStreams } from './guest-streams.native.ts'
import { createRestartBudget } from './restart-budget.ts'
import type { HostStats } from './host-stats.ts'
import { Pool } from './pool.native.ts'
import { readGuestRow } from './guest-row.ts'
import { shareMounts } from './shared-mounts.ts'
import { startThread } from './thread-carrier.native.ts'
import { createVolumes } from './volumes.ts'
import type { Volumes } from './volumes.ts'

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
   * @throws {VisorError} VISOR_POOL_FULL when no thread of the pool has room for a further guest in a context
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
  /**
   * `net.connect` on the guests' network.
   *
   * @param destination - the name or address of a guest, and a port
   * @returns the socket, connecting
   * @example
   * ```ts
   * import { createHost, memory } from 'libvisor'
   * import assert from 'node:assert/strict'
   * import { text } from 'node:stream/consumers'
   *
   * await using host = await createHost()
   * const source = "require('node:net').createServer((socket) => socket.end('hello')).listen(7)"
   * const guest = await host.spawn({ name: 'greeter', entry: '/app/main.js', fs: { '/app': memory({ 'main.js': source }) } })
   * await guest.listening(7)
   * assert.equal(await text(host.connect({ host: 'greeter', port: 7 })), 'hello')
   * ```
   */
  connect: HostConnect
  /** The links between the guests. */
  readonly network: HostNetwork
  /** The volumes that guests can mount. */
  readonly volumes: Volumes
  /** What the guests and the threads of the pool use now: rows for `console.table`. */
  stats(): Promise<HostStats>
}

/**
 * Makes a host: a network, and the guests on it. Disposing of it ends them all.
 *
 * @param options - of the threads in which guests in contexts run
 * @returns the host
 * @throws {VisorError} VISOR_CONFIG_INVALID when an option is wrong, naming it and its value
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
export async function createHost(options: HostOptions = {}): Promise<Host> {
  // Checking what users pass in takes longer to load than all the rest.
  const { checkShape } = await import('../config/schema.ts')
  checkShape('options of a host', options)
  const { cores } = readHostFacts()
  const warn = (message: string): void => node.emitWarning(message, { type: 'VisorWarning', code: 'VISOR_STALL' })
  const pool = new Pool(resolvePool(options.pool ?? {}, { cores, onStall: (stall) => warn(describeStall(stall)) }))
  const network = createSwitch()
  const guests = new Map<string, GuestHandle>()
  /** Names of guests that are being started. */
  const starting = new Set<string>()
  const links = createHostNetwork(network, options.links ?? [])
  const control =
    options.control === true
      ? openControlSocket(readHostFacts().control, (isAsked) =>
          Promise.all([...guests.values()].filter(({ name }) => isAsked(name)).map(describeGuest)),
        )
      : undefined
  const clients = createHostClients(network)
  let closed = false
  let store: VolumeStore | undefined
  const openVolumes = (): VolumeStore =>
    (store ??= createVolumeStore({
      host: createHostFs(),
      directory: options.volumes?.directory ?? readHostFacts().volumesDirectory,
    }))
  /** The volumes that guests have mounted, by the names of the guests. */
  const mounted = new Map<string, ReadonlySet<string>>()
  const usersOf = (volume: string): string[] =>
    [...mounted].flatMap(([guest, names]) => (names.has(volume) ? guest : []))

  /** Starts a guest whose options have been checked. */
  const start = (options: GuestOptions): GuestHandle => {
    const { name, isolation = 'thread', stdio = 'pipe', stdin = false, placement = {}, restart } = options
    const { keepFiles = false } = options
    const facts = readHostFacts()
    const resolved = resolveNamespace(options, facts)
    mounted.set(name, volumesIn(resolved.mounts))
    const spec = placeVolumes(resolved, openVolumes)
    const program = resolveProgram(options, spec, facts)
    const streams = new GuestStreams({ stdin: stdin && stdio === 'pipe' })
    const hasBudget = createRestartBudget()
    return new GuestHandle({
      spec,
      isolation,
      mayRestart: () => !closed && restart !== 'no' && hasBudget(node.monotonicMs()),
      launch(leave) {
        network.detach(name)
        const attachment = network.attach(name, { aliases: spec.aliases })
        const cargo = {
          spec: { ...spec, mounts: shareMounts(spec) },
          program,
          stdio,
          stdin,
          keepFiles,
          network: attachment,
        }
        return isolation === 'thread' ? startThread(cargo, leave) : pool.carry({ ...cargo, placement, streams }, leave)
      },
    })
  }

  return {
    guests,
    network: links,
    volumes: createVolumes(openVolumes, usersOf),
    fetch: clients.fetch,
    connect: clients.connect,

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
      const leave = (): void => {
        guests.delete(name)
        network.detach(name)
        mounted.delete(name)
      }
      try {
        const guest = start(options)
        await guest.started.catch(async (error: unknown) => {
          await guest[Symbol.asyncDispose]()
          throw error
        })
        guests.set(name, guest)
        void guest.exited.then(leave)
        return guest
      } catch (error) {
        leave()
        throw error
      } finally {
        starting.delete(name)
      }
    },

    async stats() {
      const [rows, threads] = await Promise.all([Promise.all([...guests.values()].map(readGuestRow)), pool.stats()])
      return { guests: rows, threads }
    },

    async [Symbol.asyncDispose]() {
      closed = true
      control?.[Symbol.dispose]()
      // All guests of the pool at once, whatever they do.
      const ending = pool[Symbol.asyncDispose]()
      await Promise.all([...guests.values()].map((guest) => guest[Symbol.asyncDispose]()))
      await ending
      await clients[Symbol.asyncDispose]()
      links[Symbol.dispose]()
      network[Symbol.dispose]()
    },
  }
}
