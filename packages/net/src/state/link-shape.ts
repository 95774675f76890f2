/** How a link between two stacks of a switch behaves: what `tc netem` can do to one. */

/** How a link is to behave; what is left out is as on a perfect one. */
export interface LinkOptions {
  /** How long everything is under way. @units milliseconds @defaultValue 0 */
  readonly delayMs?: number
  /** By how much at most the delay differs, in either direction. Streams keep their order; datagrams may overtake each other. @units milliseconds @defaultValue 0 */
  readonly jitterMs?: number
  /** How much passes in a second, in each direction. @units bits @defaultValue no limit */
  readonly bitsPerSecond?: number
  /**
   * How many of a hundred packets are lost. A datagram is gone; what is lost of a stream is sent again, and all behind it waits.
   * @units percent
   * @defaultValue 0
   */
  readonly dropPercent?: number
  /** Whether connections are refused, and datagrams lost. Those that are open go on. @defaultValue false */
  readonly refuse?: boolean
  /** Makes what is random repeat. @defaultValue another one each time */
  readonly seed?: number
}

/** A direction of a link, every default resolved. */
export interface LinkShape {
  readonly delayMs: number
  readonly jitterMs: number
  /** `undefined` without a limit: a link is told to other processes, and JSON has no `Infinity`. */
  readonly bitsPerSecond: number | undefined
  /** From 0 to 1. */
  readonly loss: number
  readonly refuse: boolean
  /** Whether nothing arrives, and nobody says so. */
  readonly isCut: boolean
  readonly seed: number
}

/** What a stack is told of its links: how it reaches another one, and is reached by it. */
export interface PeerLink {
  /** The other stack's. */
  readonly address: string
  readonly outgoing: LinkShape
  readonly incoming: LinkShape
}

/** A link that nothing is done to. */
export const perfectLink: LinkShape = Object.freeze({
  ...{ delayMs: 0, jitterMs: 0, bitsPerSecond: undefined, loss: 0, refuse: false, isCut: false, seed: 0 },
})

const LARGEST_DELAY = 2 ** 31 - 1

/**
 * Resolves the options of a link.
 *
 * @param options - what was asked for
 * @param seed - where none was given
 * @throws {RangeError} when a number is not one of those that make sense
 * @example
 * ```ts
 * import { createSwitch, resolveLink } from '@libvisor/net'
 *
 * using network = createSwitch()
 * network.shapeLink('web', 'api', resolveLink({ delayMs: 20, dropPercent: 1 }, 7))
 * ```
 */
export function resolveLink(options: LinkOptions, seed: number): LinkShape {
  const { delayMs = 0, jitterMs = 0, dropPercent = 0, refuse = false } = options
  const bitsPerSecond = options.bitsPerSecond === Infinity ? undefined : options.bitsPerSecond
  within('delayMs', delayMs, 0, LARGEST_DELAY)
  within('jitterMs', jitterMs, 0, LARGEST_DELAY)
  if (bitsPerSecond !== undefined) within('bitsPerSecond', bitsPerSecond, 1, Number.MAX_SAFE_INTEGER)
  within('dropPercent', dropPercent, 0, 100)
  return Object.freeze({
    ...{ delayMs, jitterMs, bitsPerSecond, loss: dropPercent / 100, refuse, isCut: false },
    seed: options.seed ?? seed,
  })
}

function within(name: string, value: number, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return
  throw new RangeError(`${name} of a link must be from ${least} to ${most}, not ${value}`)
}

/** @units milliseconds */
const times: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000 }
/** @source tc(8), "RATES" */
const rates: Readonly<Record<string, number>> = {
  ...{ bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, kibit: 2 ** 10, mibit: 2 ** 20, gibit: 2 ** 30 },
  ...{ bps: 8, kbps: 8e3, mbps: 8e6, gbps: 8e9 },
}

/**
 * Reads the options of a link in the words of `tc … netem`.
 *
 * @param text - `delay TIME [JITTER]`, `loss PERCENT`, `rate RATE`, `seed NUMBER`, and `refuse`, which `tc` has not
 * @returns the options
 * @throws {TypeError} when it cannot be read
 * @source tc-netem(8)
 * @example
 * ```ts
 * import { parseLink } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * assert.deepEqual(parseLink('delay 100ms 10ms loss 1% rate 1mbit'), {
 *   delayMs: 100,
 *   jitterMs: 10,
 *   dropPercent: 1,
 *   bitsPerSecond: 1e6,
 * })
 * ```
 */
export function parseLink(text: string): LinkOptions {
  const words = text.split(/\s+/).filter(Boolean)
  const options: { -readonly [Key in keyof LinkOptions]: LinkOptions[Key] } = {}
  const refuse = (word: string | undefined): TypeError =>
    new TypeError(
      `'${word ?? ''}' of the link '${text}' cannot be read: delay 100ms 10ms loss 1% rate 1mbit seed 7 refuse`,
    )
  const take = (units: Readonly<Record<string, number>>): number => {
    const word = words.shift()
    const match = /^(\d+(?:\.\d+)?)([a-z%]*)$/i.exec(word ?? '')
    const factor = units[match?.[2]?.toLowerCase() ?? '']
    if (match === null || factor === undefined) throw refuse(word)
    return Number(match[1]) * factor
  }
  while (words.length > 0) {
    const word = words.shift()
    if (word === 'delay') {
      options.delayMs = take(times)
      if (/^\d/.test(words[0] ?? '')) options.jitterMs = take(times)
    } else if (word === 'loss') options.dropPercent = take({ '%': 1 })
    else if (word === 'rate') options.bitsPerSecond = take(rates)
    else if (word === 'seed') options.seed = take({ '': 1 })
    else if (word === 'refuse') options.refuse = true
    else throw refuse(word)
  }
  return options
}
