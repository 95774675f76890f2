import { apply, host } from '@libvisor/abi'
import { ownerOf, restateError, restatePlain, slots } from '@libvisor/core'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

type Fn = (...args: unknown[]) => unknown

const NS_PER_SECOND = 1_000_000_000n

/** What says how much the thread or the process uses. Contexts of one thread have one heap, and share the figures. */
const measured = ['cpuUsage', 'threadCpuUsage', 'resourceUsage', 'memoryUsage'] as const

/**
 * Makes `uptime()` of a namespace, which counts from its start by its own clock.
 *
 * @param context - the namespace
 * @returns the member
 */
export function uptimeMember({ ns }: MemberContext): Members {
  const clock = ns.find(slots.clock)
  const monotonicNs = clock?.monotonicNs ?? host.hrtime
  const startedNs = clock?.startedNs ?? monotonicNs()
  return methods({ uptime: () => Number(monotonicNs() - startedNs) / 1e9 })
}

/**
 * What a process in a context knows of its time and resources.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 */
export function usageMembers(context: MemberContext): Members {
  const { ns, original } = context
  const monotonicNs = ns.find(slots.clock)?.monotonicNs ?? host.hrtime

  /** Calls the host's own function, and gives what comes of it the guest's realm. */
  const restated = (fn: Fn): Fn =>
    function (this: unknown, ...args: unknown[]) {
      try {
        return restatePlain(ns, apply(fn, host.process, args))
      } catch (error) {
        throw restateError(ns, error)
      }
    }

  const members: Members = {}
  for (const name of measured) {
    const fn = original[name] as Fn | undefined
    if (fn !== undefined) Object.assign(members, methods({ [name]: named(name, restated(fn)) }))
  }
  const memoryUsage = members['memoryUsage']?.value as { rss?: Fn } | undefined
  if (memoryUsage !== undefined) memoryUsage.rss = named('rss', () => original.memoryUsage.rss())

  const hostHrtime = restated(original.hrtime as unknown as Fn)
  const isVirtual = monotonicNs !== host.hrtime
  const hrtime = named('hrtime', (before?: unknown) => {
    if (!isVirtual) return hostHrtime(before)
    // Refuses what is no earlier reading.
    if (before !== undefined) hostHrtime(before)
    const now = monotonicNs()
    const reading = [Number(now / NS_PER_SECOND), Number(now % NS_PER_SECOND)] as [number, number]
    if (before === undefined) return restatePlain(ns, reading)
    const [seconds, nanoseconds] = before as [number, number]
    const borrow = reading[1] < nanoseconds ? 1 : 0
    return restatePlain(ns, [reading[0] - seconds - borrow, reading[1] - nanoseconds + borrow * 1e9])
  })
  Object.defineProperty(hrtime, 'bigint', {
    value: named('hrtimeBigInt', () => monotonicNs()),
    writable: true,
    enumerable: true,
    configurable: true,
  })

  return {
    ...members,
    ...methods({
      hrtime,

      getActiveResourcesInfo() {
        const names = new ns.intrinsics.Array<string>()
        for (const [kind, count] of Object.entries(ns.liveness.counts())) {
          if (kind === 'references' || kind === 'sockets' || kind === 'deliveries') continue
          for (let index = 0; index < count; index++) names.push(kind)
        }
        return names
      },
      _getActiveHandles() {
        const handles = new ns.intrinsics.Array<object>()
        for (const handle of original._getActiveHandles()) if (ownerOf(handle) === ns) handles.push(handle)
        return handles
      },
      _getActiveRequests: () => new ns.intrinsics.Array<object>(),
      _rawDebug(...args: unknown[]) {
        const text = `${context.module('util').format(...args)}\n`
        ns.find(slots.stdio)?.[2].writeSync(new TextEncoder().encode(text))
      },
      ref: (value: unknown) => void callOwn(value, 'ref'),
      unref: (value: unknown) => void callOwn(value, 'unref'),
    }),
  }

  function callOwn(value: unknown, name: 'ref' | 'unref'): void {
    const object = value as Record<PropertyKey, unknown> | null | undefined
    const fn = object?.[Symbol.for(`nodejs.${name}`)] ?? object?.[name]
    if (typeof fn === 'function') apply(fn as Fn, value, [])
  }
}

function named<F extends Fn>(name: string, fn: F): F {
  return Object.defineProperty(fn, 'name', { value: name, configurable: true })
}
