import { describe, test } from 'vitest'

/** Makes what a body is run against, before each run. What can be disposed of is, after it. */
export type MakeSubject<Subject extends object> = () => Subject | Promise<Subject>

/** The same thing twice: Node's own, which says what is right, and a guest's; and what else must not differ. */
export interface ParitySubjects<Subject extends object> {
  readonly native: MakeSubject<Subject>
  readonly guest: MakeSubject<Subject>
  readonly [where: string]: MakeSubject<Subject>
}

/**
 * Runs one body natively and again over the bound modules of a namespace, as a test each. What fails natively is wrong
 * in the test; what fails in the guest only is wrong in libvisor.
 *
 * @param title - a sentence about what holds
 * @param subjects - how each of the two is made
 * @param body - what is asserted of both
 * @example
 * ```ts
 * parity('readFileSync() of a missing file fails with ENOENT', { native, guest }, ({ fs }) => {
 *   assert.throws(() => fs.readFileSync('/missing'), { code: 'ENOENT' })
 * })
 * ```
 */
export function parity<Subject extends object>(
  title: string,
  subjects: ParitySubjects<Subject>,
  body: (subject: Subject) => void | Promise<void>,
): void {
  describe(title, () => {
    for (const [where, make] of Object.entries(subjects)) {
      test(where, async () => {
        await using subject = disposing(await make())
        await body(subject.value)
      })
    }
  })
}

function disposing<Subject extends object>(value: Subject): AsyncDisposable & { readonly value: Subject } {
  const { [Symbol.asyncDispose]: disposeLater, [Symbol.dispose]: disposeNow } = value as Partial<
    AsyncDisposable & Disposable
  >
  return {
    value,
    async [Symbol.asyncDispose]() {
      if (disposeLater !== undefined) await disposeLater.call(value)
      else disposeNow?.call(value)
    },
  }
}
