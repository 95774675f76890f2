const pendingOf = new WeakMap<object, Set<() => void>>()

/**
 * Notes that a resolver owes an answer of which the host's resolver does not know.
 *
 * @param resolver - who owes it
 * @param cancel - gives it up
 * @returns to be called when it is given
 */
export function expectAnswer(resolver: object, cancel: () => void): () => void {
  let pending = pendingOf.get(resolver)
  if (pending === undefined) pendingOf.set(resolver, (pending = new Set()))
  pending.add(cancel)
  return () => void pending.delete(cancel)
}

/** Whether a resolver owes such an answer. */
export function owesAnswers(resolver: object): boolean {
  return (pendingOf.get(resolver)?.size ?? 0) > 0
}

/** Gives up what a resolver owes. */
export function cancelAnswers(resolver: object): void {
  for (const cancel of [...(pendingOf.get(resolver) ?? [])]) cancel()
}
