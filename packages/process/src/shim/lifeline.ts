import type { EventEmitter } from 'node:events'
import { apply } from '@libvisor/abi'
import { keepAlive, mimic } from '@libvisor/core'
import type { Namespace, PatchRegistry } from '@libvisor/core'

/** What keeps a guest alive for a worker or a child: nothing while it is unreferenced, or when it is over. */
interface Lifeline {
  readonly ns: Namespace
  reference: Disposable | undefined
}

const lifelines = new WeakMap<object, Lifeline>()

/** How a worker or a child ends. */
export interface LifelineOptions {
  /** The event that is its last. */
  readonly over: string
  /** Ends it, when its guest ends first. */
  readonly end: () => void
}

/**
 * Keeps a guest alive until its worker or child is over, as natively the handle does, and ends what outlives its guest.
 *
 * @param ns - the guest's namespace
 * @param object - the worker or child
 * @param options - how it ends
 */
export function holdUntilOver(ns: Namespace, object: object, { over, end }: LifelineOptions): void {
  const lifeline: Lifeline = { ns, reference: keepAlive(ns) }
  lifelines.set(object, lifeline)
  const forget = ns.own({
    [Symbol.dispose]() {
      lifeline.reference?.[Symbol.dispose]()
      end()
    },
  })
  ;(object as EventEmitter).once(over, () => {
    lifelines.delete(object)
    lifeline.reference?.[Symbol.dispose]()
    forget()
  })
}

/**
 * Lets `ref()` and `unref()` of workers or children decide whether they keep their guest alive.
 *
 * @param patches - of the realm
 * @param prototype - of their class
 * @param begin - called when one that keeps nobody alive yet is referenced. @defaultValue those stay without a guest
 */
export function followReferences(
  patches: PatchRegistry,
  prototype: object,
  begin: (object: object) => void = () => {},
): void {
  for (const name of ['ref', 'unref'] as const) {
    const original = (prototype as Record<string, () => unknown>)[name]
    if (original === undefined) continue
    const replacement = mimic(original, function (this: object) {
      const lifeline = lifelines.get(this)
      if (lifeline === undefined) {
        if (name === 'ref') begin(this)
      } else if (name === 'ref') lifeline.reference ??= keepAlive(lifeline.ns)
      else {
        lifeline.reference?.[Symbol.dispose]()
        lifeline.reference = undefined
      }
      return apply(original, this, [])
    })
    patches.patch(prototype, name, { value: replacement })
  }
}
