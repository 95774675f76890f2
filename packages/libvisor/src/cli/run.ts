import { host, original } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import { runEntry } from '@libvisor/loader'
import type { SwitchPort } from '@libvisor/net'
import { createHostStdio, parseEnvFile, usesProxies } from '@libvisor/process'
import { loadFs } from '../areas/load-area.native.ts'
import type { Isolation } from '../config/guest-options.ts'
import type { NamespaceSpec } from '../config/guest-spec.ts'
import { readHostFacts } from '../config/host-facts.native.ts'
import { resolveNamespace, resolveProgram } from '../config/resolve.ts'
import { checkShape, hideFromGlobals } from '../config/schema.ts'
import { placeVolumes } from '../config/volumes.ts'
import { furnish } from '../guest/furnish.ts'
import { createInspection } from '../guest/inspection.ts'
import { enterOwnRealm } from '../guest/own-realm.ts'
import { hintAtUnpublished } from '../guest/publish-hint.ts'
import { setProxies } from '../guest/set-proxies.ts'
import { createWorkerLauncher } from '../thread/worker-launcher.native.ts'
import type { ChangesRequest } from './keep-changes.ts'
import { isSocketPath, readRunFlags } from './run-options.ts'
import type { RunFlags } from './run-options.ts'

/** What `visor run` is asked to do. */
export interface RunRequest {
  readonly file: string
  readonly args: readonly string[]
  readonly flags: RunFlags
  /**
   * `process`: in this process, which then belongs to the guest. Otherwise in a thread of it, alone or in a context.
   * @defaultValue `process`, or `thread` where somebody must see what the program leaves behind
   */
  readonly isolation?: Isolation | 'process'
  /** What is to become of what the program has changed. */
  readonly changes: ChangesRequest
}

/**
 * Runs a program.
 *
 * @param request - what was asked for
 * @throws {VisorError} when it cannot be started
 */
export async function run(request: RunRequest): Promise<void> {
  const facts = readHostFacts()
  const { resolve } = original('path')
  const { readFileSync } = original('fs')
  const options = readRunFlags(request.flags, {
    ...facts,
    resolvePath: (path) => resolve(path),
    readText: (path) => readFileSync(path, 'utf8'),
    parseEnv: parseEnvFile,
  })
  checkShape('options of a namespace', options)
  const program = { name: request.flags.name ?? 'guest', entry: request.file, args: request.args }
  const { diff, diffJson, commit } = request.changes
  const keepFiles = diff === true || diffJson !== undefined || commit !== undefined
  const { isolation = keepFiles ? 'thread' : 'process' } = request
  const networkPath = isSocketPath(request.flags.network) ? resolve(request.flags.network) : undefined
  if (networkPath !== undefined && isolation !== 'process') {
    throw new VisorError(
      'VISOR_OPTION_INVALID',
      `--network '${request.flags.network}' is for a program in a process of its own`,
      {
        hint: "Leave --isolation, --diff, --diff-json and --commit out; '--network none' goes with them.",
      },
    )
  }
  if (isolation !== 'process') {
    const { runOnHost } = await import('./run-on-host.ts')
    const keep = keepFiles ? (await import('./keep-changes.ts')).prepareToKeep(request.changes) : undefined
    return runOnHost({ ...options, ...program, isolation, stdio: 'inherit', keepFiles }, keep)
  }
  if (keepFiles) {
    throw new VisorError(
      'VISOR_OPTION_INVALID',
      "--isolation 'process' leaves nobody to see what the program changed",
      {
        hint: 'Leave --isolation out, or use thread or context.',
      },
    )
  }
  const spec = placeVolumes(resolveNamespace(options, facts), () => {
    const { createHostFs, createVolumeStore } = loadFs()
    return createVolumeStore({ host: createHostFs(), directory: facts.volumesDirectory })
  })
  const { entry } = resolveProgram({ ...options, ...program }, spec, facts)
  const switchPort = networkPath === undefined ? undefined : await join(networkPath, spec)
  const { process } = host
  // Now: of the command's environment and process, not of the guest's.
  const inspection = createInspection(facts.control)
  const isProxied = usesProxies(process.env, process.execArgv)
  for (const name of Object.keys(process.env)) if (!(name in spec.env)) delete process.env[name]
  Object.assign(process.env, spec.env)
  process.argv.splice(1, Infinity, entry, ...request.args)
  const guest = furnish(spec, {
    onExit() {
      inspection[Symbol.dispose]()
      // What it has sent leaves, as what the kernel has taken over does.
      switchPort?.[Symbol.dispose]()
    },
    ...(switchPort !== undefined && { switchPort }),
    stdio: createHostStdio(),
    env: process.env,
    argv: process.argv,
    execArgv: process.execArgv,
  })
  // Others on a network reach it as it is.
  if (switchPort === undefined) hintAtUnpublished(guest)
  hideFromGlobals()
  enterOwnRealm({ guest, workers: createWorkerLauncher(guest) })
  inspection.allow(guest)
  // Node has looked for it when it started, in the environment of the command.
  if (!isProxied && usesProxies(spec.env)) setProxies()
  // From the bottom of a stack, so that what the program throws is uncaught, as it is natively.
  host.setImmediate(() => runEntry(entry))
}

async function join(path: string, { name, aliases }: NamespaceSpec): Promise<SwitchPort> {
  const { joinNetwork } = await import('../host/network-socket.native.ts')
  return joinNetwork(path, { name, aliases })
}
