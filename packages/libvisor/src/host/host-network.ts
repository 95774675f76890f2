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
}

/**
 * Makes what sets the links of a switch.
 *
 * @param network - the guests' network
 * @param rules - set at once
 */
export function createHostNetwork(network: Switch, rules: readonly LinkRule[]): HostNetwork {
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
