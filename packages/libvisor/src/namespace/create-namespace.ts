import type * as fsPromises from 'node:fs/promises'
import { createFsInterceptor } from '@libvisor/fs'
import { createEnvironment, createHostStdio } from '@libvisor/process'
import { host } from '@libvisor/abi'
import * as fsArea from '../areas/fs.ts'
import * as netArea from '../areas/net.ts'
import type { NamespaceOptions } from '../config/guest-options.ts'
import { readHostFacts } from '../config/host-facts.native.ts'
import { resolveNamespace } from '../config/resolve.ts'
import { checkShape } from '../config/schema.ts'
import { placeVolumes } from '../config/volumes.ts'
import { advanceClock } from '../guest/advance-clock.ts'
import { furnish } from '../guest/furnish.ts'
import { createNamespaceFiles } from './namespace-files.ts'
import type { NamespaceFiles } from './namespace-files.ts'
import { shareRealm } from './shared-realm.ts'

/** A namespace that the host's own code enters. Made by {@link createNamespace}. */
export interface SharedNamespace extends Disposable {
  readonly name: string
  /** Its files, as `node:fs/promises` has them, also outside of `run()`; with `snapshot()`, `restore()` and `diff()`. */
  readonly fs: NamespaceFiles
  /**
   * Runs a function in the namespace: all that it starts sees it, whatever it awaits.
   *
   * @param fn - called without a receiver
   * @param args - its arguments
   * @returns what the function returns
   * @throws {VisorError} VISOR_GUEST_ENDED when the namespace has been disposed of
   */
  run<Args extends readonly unknown[], Result>(fn: (...args: Args) => Result, ...args: Args): Result
  /**
   * Moves a manual clock on, running the timers that become due.
   *
   * @param ms - how far @units milliseconds
   * @throws {VisorError} VISOR_OPTION_INVALID when the clock is not manual
   * @throws {RangeError} when `ms` is negative or not finite
   */
  advance(ms: number): Promise<void>
}

/**
 * Makes a namespace for the host's own code, such as a test: within {@link SharedNamespace.run}, ordinary imports of
 * Node's built-ins work on its files, network, clock, process and randomness; outside they are the host's.
 *
 * @param options - what it is to see
 * @returns the namespace; disposing of it releases all it holds
 * @throws {VisorError} VISOR_CONFIG_INVALID when an option is wrong, naming it and its value
 * @example
 * ```ts
 * import { createNamespace, memory } from 'libvisor'
 * import assert from 'node:assert/strict'
 * import { existsSync } from 'node:fs'
 * import { readFile, writeFile } from 'node:fs/promises'
 *
 * using ns = createNamespace({ fs: { '/': memory({ '/etc/app.json': '{}' }) } })
 * await ns.run(async () => {
 *   await writeFile('/made.txt', await readFile('/etc/app.json'))
 *   assert.equal(existsSync('/made.txt'), true)
 * })
 * assert.equal(existsSync('/made.txt'), false)
 * assert.equal(await ns.fs.readFile('/made.txt', 'utf8'), '{}')
 * assert.deepEqual(ns.fs.diff().added, ['/made.txt'])
 * ```
 */
export function createNamespace(options: NamespaceOptions = {}): SharedNamespace {
  checkShape('options of a namespace', options)
  const facts = readHostFacts()
  const spec = placeVolumes(resolveNamespace(options, facts), () =>
    fsArea.createVolumeStore({ host: fsArea.createHostFs(), directory: facts.volumesDirectory }),
  )
  const realm = shareRealm()
  try {
    const { ns, files } = furnish(spec, {
      areas: { fs: () => fsArea, net: () => netArea },
      stdio: createHostStdio(),
      env: createEnvironment(spec.env),
      argv: [...host.process.argv],
      execArgv: options.process?.execArgv ?? [],
    })
    ns.own(realm)
    const bound = createFsInterceptor().bind(ns)
    let namespaceFiles: NamespaceFiles | undefined
    return {
      name: ns.name,
      get fs() {
        const promises = bound.modules['fs/promises'] as () => typeof fsPromises
        return (namespaceFiles ??= createNamespaceFiles(promises(), files))
      },
      run: (fn, ...args) => ns.run(fn, ...args),
      advance: (ms) => advanceClock(ns, ms),
      [Symbol.dispose]() {
        bound[Symbol.dispose]()
        ns[Symbol.dispose]()
      },
    }
  } catch (error) {
    realm[Symbol.dispose]()
    throw error
  }
}
