import { builtin } from '@libvisor/abi'
import { createPatchRegistry, refusalOf, sealExports } from '@libvisor/core'
import type { BoundSet, Namespace } from '@libvisor/core'
import type { ContextRealm } from './context-realm.native.ts'
import { createModuleCopies } from './guest-modules-copies.ts'
import type { ModuleCopies } from './guest-modules-copies.ts'
import { createGuestQuerystring } from './guest-modules-querystring.ts'
import { createGuestVm } from './guest-modules-vm.native.ts'

/** What the built-ins of a guest are made of. */
export interface GuestModulesOptions {
  readonly ns: Namespace
  readonly realm: ContextRealm
  /** The modules of the areas, as the guest sees them. */
  readonly bound: readonly BoundSet[]
  /** Has the hooks of a built-in installed before it is used. @param id - without `node:` */
  readonly ask: (id: string) => void
  /** What copies built-ins for the realm. @defaultValue has no copies yet */
  readonly copies?: ModuleCopies
  /** Built-ins that are made elsewhere, such as `module`. Each is given out as it is. @defaultValue none */
  readonly extra?: Readonly<Record<string, () => object>>
}

/** The built-ins of one guest. */
export interface GuestModules extends Disposable {
  /**
   * The exports of a built-in as the guest has them.
   *
   * @param id - its name, without `node:`
   * @returns the same object each time; `undefined` when this Node has no such built-in
   * @throws {VisorError} VISOR_UNSUPPORTED, VISOR_DENIED when the guest may not have it
   */
  get(id: string): object | undefined
}

const { isFrozen } = Object

/** Modules of the areas that are made for one guest, and of its realm already: their own code calls what the guest assigns. */
const notCopied: ReadonlySet<string> = new Set(['fs', 'fs/promises', 'process'])

/**
 * Makes built-ins of an area before its guest asks for them.
 *
 * @param bound - the area
 * @param ids - which
 * @param copies - what will copy them for the guest
 * @example
 * ```ts
 * import { createContextRealm, createModuleCopies, prepareModules } from '@libvisor/realm'
 * import assert from 'node:assert/strict'
 *
 * using realm = createContextRealm({ name: 'a guest to be' })
 * using copies = createModuleCopies(realm)
 * const exports = { add: (a: number, b: number) => a + b }
 * prepareModules({ modules: { sums: () => exports } }, ['sums'], copies)
 * assert.ok(realm.owns(copies.copyOf(exports, 'sums')))
 * ```
 */
export function prepareModules(
  { modules }: Pick<BoundSet, 'modules'>,
  ids: readonly string[],
  copies: ModuleCopies,
): void {
  for (const id of ids) {
    const exports = modules[id]!()
    if (!notCopied.has(id)) copies.copyOf(exports, id)
  }
}

/** Whether exports of the host's are no guest's to change: they are frozen, or an object of a class that all guests have. */
const isKept = (id: string, exports: object): boolean => id === 'stream/promises' || isFrozen(exports)

/**
 * Makes the built-ins of a guest: copies of the host's exports, so that what the guest assigns to one is its own, with the functions of
 * the areas in place, and with functions whose results belong to the guest's realm.
 *
 * @param options - whose they are
 * @returns the built-ins, each made when it is first asked for
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createContextRealm, createGuestModules } from '@libvisor/realm'
 * import assert from 'node:assert/strict'
 * import path from 'node:path'
 *
 * using realm = createContextRealm({ name: 'api' })
 * using ns = createNamespace({ name: 'api', intrinsics: realm.intrinsics })
 * using modules = createGuestModules({ ns, realm, bound: [], ask() {} })
 * const guestPath = modules.get('path') as typeof path
 * assert.notEqual(guestPath, path)
 * assert.equal(guestPath.join('/a', 'b'), '/a/b')
 * assert.ok(realm.owns(guestPath.parse('/a/b')))
 * assert.equal(modules.get('no-such-module'), undefined)
 * ```
 */
export function createGuestModules(options: GuestModulesOptions): GuestModules {
  const { ns, realm, bound, ask, copies = createModuleCopies(realm), extra = {} } = options
  const made = new Map<string, object>()
  const patches = createPatchRegistry()
  copies.give(ns)

  const special: Readonly<Record<string, () => object>> = {
    vm: () =>
      createGuestVm({
        realm,
        copy: (exports) => copies.copyOf(exports, 'vm'),
        errors: ns.errors,
        withModules: hasFlag('--experimental-vm-modules'),
      }),
    console: () => realm.global.console,
    querystring: () => createGuestQuerystring(realm, (exports) => copies.copyOf(exports, 'querystring')),
    ...extra,
  }

  const hasFlag = (flag: string): boolean => {
    const { execArgv, env } = get('process') as NodeJS.Process
    return execArgv.includes(flag) || (env['NODE_OPTIONS'] ?? '').split(' ').includes(flag)
  }

  function make(id: string): object | undefined {
    const maker = special[id]
    if (maker !== undefined) {
      ask(id)
      return maker()
    }
    const fromArea = bound.find(({ modules }) => id in modules)?.modules[id]
    ask(id)
    const exports = fromArea === undefined ? (builtin(id) as object) : fromArea()
    realm.adoptLate(id)
    if (id === 'process' && exports !== builtin(id)) adoptArguments(exports as NodeJS.Process)
    if (fromArea === undefined ? isKept(id, exports) : notCopied.has(id)) return exports
    return copies.copyOf(exports, id)
  }

  function adoptArguments({ argv, execArgv }: NodeJS.Process): void {
    realm.adopt(argv)
    realm.adopt(execArgv)
  }

  function get(id: string): object | undefined {
    const known = made.get(id)
    if (known !== undefined) return known
    if (special[id] === undefined && builtin(id) === undefined) return undefined
    const refusal = refusalOf(id, undefined, ns.policy)
    if (refusal !== undefined) throw refusal
    const exports = make(id)
    if (exports !== undefined) made.set(id, exports)
    // What all guests have in common holds nothing that is denied; `process` has been closed by its area.
    if (exports !== undefined && exports !== builtin(id) && id !== 'process')
      sealExports({ id, exports, patches, current: () => ns, owner: ns })
    return exports
  }

  return {
    get,

    [Symbol.dispose]() {
      made.clear()
      copies[Symbol.dispose]()
    },
  }
}
