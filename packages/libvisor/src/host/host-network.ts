import { host } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import { parseLink, resolveLink } from '@libvisor/net'
import type { LinkOptions, LinkShape, Switch } from '@libvisor/net'

/** How the way between two guests is to behave: an object, or the words of `tc … netem`: `delay 100ms 10ms loss 1% rate 1mbit`. */
export type LinkOption = LinkOptions | string

/** A link as a host is made with it. */
export interface LinkRule {
  /** Names of guests; `*` for all others. */
  readonly between: readonly [from: string, to: string]
  readonly link: LinkOption
  /** Whether it is said of the way from the first to the second alone. @defaultValue false */
  readonly oneWay?: boolean
}

/**
 * The links between guests: slow ones, lossy ones, and ones that are cut. What is said holds for connections that are open, too, and for guests
 * that start later. The host itself is called `host.visor.internal`.
 */
export interface HostNetwork {
  /**
   * Has the way between two guests behave otherwise, in both directions.
   *
   * @param from - the name of a guest; `*` for all others
   * @param to - likewise
   * @param link - what replaces all that was said of it before; `undefined` makes it perfect again
   * @param options - whether it is said of one direction alone
   * @throws {VisorError} VISOR_OPTION_INVALID when the link cannot be read
   * @example
   * ```ts
   * import { createHost } from 'libvisor'
   *
   * await using host = await createHost()
   * host.network.link('web', 'db', { delayMs: 20, jitterMs: 5 })
   * host.network.link('web', '*', 'delay 100ms loss 1% rate 1mbit')
   * host.network.link('web', 'db', undefined)
   * ```
   */
  link(from: string, to: string, link: LinkOption | undefined, options?: { readonly oneWay?: boolean }): void
  /**
   * Cuts all links between groups of guests: connecting to one behind the cut times out after two minutes, as with Linux, and what is open stalls.
   *
   * @param groups - names of guests; one group alone is cut off from everybody else, the host included
   */
  partition(...groups: readonly (readonly string[])[]): void
  /** Ends all partitions. What was sent meanwhile arrives. */
  heal(): void
  /**
   * Has programs of other processes join: `visor run --network PATH --name NAME`. To guests of this host they are as each other. Whoever can write to
   * the socket can join.
   *
   * @param path - of a unix socket of this machine. One that a killed process has left is replaced
   * @returns ends that, and cuts those off that have joined, as does the end of the host. It does not keep the event loop alive
   * @throws {VisorError} VISOR_ADDRESS_IN_USE when it cannot be listened on, saying why
   * @throws {VisorError} VISOR_GUEST_ENDED when the host has been disposed of
   * @example
   * ```ts
   * import { createHost } from 'libvisor'
   * import assert from 'node:assert/strict'
   * import { existsSync } from 'node:fs'
   *
   * const path = `/tmp/libvisor-example-${process.pid}.net`
   * await using host = await createHost()
   * const served = await host.network.serve(path)
   * assert.ok(existsSync(path))
   * served[Symbol.dispose]()
   * assert.ok(!existsSync(path))
   * ```
   */
  serve(path: string): Promise<Disposable>
}

/**
 * Makes what sets the links of a switch.
 *
 * @param network - the guests' network
 * @param rules - set at once
 * @returns with what ends all that is served
 */
export function createHostNetwork(network: Switch, rules: readonly LinkRule[]): HostNetwork & Disposable {
  const served = new Set<Disposable>()
  let hasEnded = false
  const set = ({ between: [from, to], link, oneWay = false }: Omit<LinkRule, 'link'> & { link?: LinkOption }): void => {
    const ways = oneWay || from === to ? [[from, to] as const] : [[from, to] as const, [to, from] as const]
    for (const [index, [source, destination]] of ways.entries()) {
      network.shapeLink(source, destination, link === undefined ? undefined : shapeOf(link, index))
    }
  }
  for (const rule of rules) set(rule)
  return {
    link: (from, to, link, { oneWay = false } = {}) =>
      set({ between: [from, to], oneWay, ...(link !== undefined && { link }) }),
    partition: (...groups) => network.partition(groups),
    heal: () => network.heal(),
    async serve(path) {
      const { serveNetwork } = await import('./network-socket.native.ts')
      const serving = await serveNetwork(network, path)
      if (hasEnded) {
        serving[Symbol.dispose]()
        throw new VisorError('VISOR_GUEST_ENDED', `The host has been closed: nobody can join it at '${path}'`)
      }
      served.add(serving)
      return {
        [Symbol.dispose]() {
          served.delete(serving)
          serving[Symbol.dispose]()
        },
      }
    },
    [Symbol.dispose]() {
      hasEnded = true
      for (const serving of served) serving[Symbol.dispose]()
    },
  }
}

/** @param index - of the direction: each has randomness of its own */
function shapeOf(link: LinkOption, index: number): LinkShape {
  try {
    const options = typeof link === 'string' ? parseLink(link) : link
    const seed = options.seed ?? Math.floor(host.random() * 2 ** 32)
    return resolveLink({ ...options, seed: seed + index }, 0)
  } catch (cause) {
    throw new VisorError('VISOR_OPTION_INVALID', `A link cannot be made: ${(cause as Error).message}`, { cause })
  }
}
