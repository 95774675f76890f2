/**
 * How an export of a built-in behaves in a guest.
 *
 * - `pure`: it computes, and touches nothing outside; the host's own.
 * - `virtual`: it works on the namespace.
 * - `host`: it works on the host, where the policy allows it.
 * - `denied`: it throws a coded error that names it.
 */
export type Support = 'denied' | 'host' | 'pure' | 'virtual'

/** A classification, with the reason where it is not obvious. */
export type SupportEntry = Support | readonly [support: Support, reason: string]

/** The exports of one built-in. */
export interface ModuleSupport {
  /** The area whose interceptor owns the module; `undefined` where nobody needs to. */
  readonly area?: string
  /** How exports behave that are not listed. A module without one denies what it does not know. */
  readonly exports: Readonly<Record<string, SupportEntry>>
}
