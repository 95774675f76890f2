import { apply } from '@libvisor/abi'
import { denied, slots, unsupported } from '@libvisor/core'
import { bindings } from './guarded.table.ts'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

/** A report that says nothing and cannot be made to. */
function closedReport(): object {
  const report: Record<string, unknown> = {}
  const settings = {
    directory: '',
    filename: '',
    compact: false,
    excludeNetwork: false,
    excludeEnv: false,
    signal: 'SIGUSR2',
    reportOnFatalError: false,
    reportOnSignal: false,
    reportOnUncaughtException: false,
  }
  for (const [name, value] of Object.entries(settings)) {
    Object.defineProperty(report, name, {
      get: () => value,
      set(wanted: unknown) {
        // Node itself puts its defaults back.
        if (wanted === value) return
        throw unsupported(`process.report.${name}`, 'reports tell about the host')
      },
      enumerable: true,
      configurable: true,
    })
  }
  for (const name of ['writeReport', 'getReport']) {
    report[name] = () => {
      throw unsupported(`process.report.${name}()`, 'reports tell about the host')
    }
  }
  return report
}

/**
 * Members of `process` that lead round the hooks: what is left of each is what cannot.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 */
export function guardedMembers(context: MemberContext): Members {
  const { ns, identity, original, hostDirectory } = context
  let report: object | undefined

  const closed = (name: string, reason: string) => () => {
    throw unsupported(`process.${name}()`, reason)
  }
  /** Objects with events of their own are the guest's; a bare handle is a way round the hooks. */
  const withoutHandles = (resources: object[]): object[] =>
    resources.filter((resource) => typeof (resource as { emit?: unknown }).emit === 'function')

  return {
    report: { get: () => (report ??= closedReport()), enumerable: true, configurable: true },

    ...methods({
      binding(name: unknown): object {
        const id = `${name as string}`
        const support = Object.hasOwn(bindings, id) ? bindings[id] : undefined
        if (support === 'pure') return original.binding(id)
        if (support === 'denied') throw unsupported(`process.binding('${id}')`, 'it leads round the hooks')
        throw new ns.intrinsics.Error(`No such module: ${id}`)
      },

      _linkedBinding(name: unknown): never {
        throw ns.errors.coded('Error', 'ERR_INVALID_MODULE', `No such binding was linked: ${name as string}`)
      },

      dlopen(module: unknown, filename?: unknown, ...flags: unknown[]): void {
        if (typeof filename === 'string') {
          const real = ns.get(slots.fileView).hostPath(filename)
          if (real === undefined) {
            throw ns.errors.coded(
              'Error',
              'ERR_DLOPEN_FAILED',
              `${filename}: cannot open shared object file: No such file or directory`,
            )
          }
          if (!ns.policy.addon(real)) throw denied(`The native addon ${filename}`, 'Allow addons in its policy.')
          apply(original.dlopen, context.process, [module, real, ...flags])
          return
        }
        // Without a file name it fails, in Node's own words.
        apply(original.dlopen, context.process, [module])
      },

      execve(file?: unknown, ...rest: unknown[]): void {
        if (typeof file === 'string' && !ns.policy.exec(file)) {
          throw denied(`process.execve() of ${file}`, 'Name the executable in its policy.')
        }
        if (typeof file === 'string' && hostDirectory !== undefined) {
          const directory = hostDirectory(ns, identity.cwd)
          if (directory === undefined)
            throw unsupported(`process.execve() in ${identity.cwd}`, 'it is no directory of the host')
          original.chdir(directory)
        } else if (typeof file === 'string') {
          throw unsupported('process.execve()', 'it would end the host')
        }
        apply(original.execve as (...args: unknown[]) => void, context.process, [file, ...rest])
      },

      _debugProcess: closed('_debugProcess', "debugging is the host's"),
      _debugEnd: closed('_debugEnd', "debugging is the host's"),
      _getActiveHandles: () => withoutHandles(original._getActiveHandles()),
    }),
  }
}
