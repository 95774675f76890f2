import { createNamespace, createPolicy, slots } from '@libvisor/core'
import type { Namespace, Stdio } from '@libvisor/core'
import { createFileSystem, createFileView, createHostFs, createSocketFiles, fileSystem } from '@libvisor/fs'
import type { FileSystem, FileSystemProcess } from '@libvisor/fs'
import { createNetStack, netStack, publishPorts } from '@libvisor/net'
import type { NetStack, PublishedPort, SwitchPort } from '@libvisor/net'
import { createIdentity, createProcessState, loopback, processState } from '@libvisor/process'
import type { GuestIdentity } from '@libvisor/process'
import { createEntropy } from '@libvisor/random'
import { createClock } from '@libvisor/time'
import { createEgress } from '../config/egress.ts'
import type { NamespaceSpec } from '../config/guest-spec.ts'

/** What a namespace is furnished with beside its options. */
export interface FurnishPowers {
  /** Descriptors 0, 1 and 2. The streams of `process` are the thread's own, and so not in a slot. */
  readonly stdio: Stdio
  /** What `process.env` is: the thread's own object, where the guest has the realm to itself. */
  readonly env: NodeJS.ProcessEnv
  /** The whole `process.argv`. */
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
  /** The way to other guests. @defaultValue none */
  readonly switchPort?: SwitchPort
  /** The files of another thread, in place of ones of its own. */
  readonly files?: (identity: GuestIdentity) => FileSystemProcess
  /** Hears of the end of the guest's process. */
  readonly onExit?: (code: number) => void
}

/** A namespace with a model in every slot. */
export interface FurnishedNamespace {
  readonly ns: Namespace
  /** The model of the files; none where another thread has it. */
  readonly files: FileSystem | undefined
  readonly stack: NetStack
  /** The ports of the host that lead to the guest now. */
  readonly published: () => readonly PublishedPort[]
}

/**
 * Makes a namespace and puts the model of each area in its slot.
 *
 * @param spec - what the guest is to see
 * @param powers - what it is connected to
 * @returns the namespace; disposing of it releases all models
 * @throws {VisorError} VISOR_MOUNT_UNREADABLE, VISOR_CONFIG_INVALID when something cannot be made
 */
export function furnish(spec: NamespaceSpec, powers: FurnishPowers): FurnishedNamespace {
  const policy = createPolicy({ egress: createEgress(spec.egress), exec: spec.exec, addons: spec.addons })
  const ns = createNamespace({ name: spec.name, policy })
  try {
    return furnishNamespace(ns, spec, powers)
  } catch (error) {
    ns[Symbol.dispose]()
    throw error
  }
}

function furnishNamespace(ns: Namespace, spec: NamespaceSpec, powers: FurnishPowers): FurnishedNamespace {
  const { hostname, uid, gid, umask, cwd } = spec
  const clock = createClock(spec.time)
  const entropy = createEntropy({ seed: spec.seed })
  const identity = createIdentity({ uid, gid, umask, cwd, hostname })
  ns.provide(slots.clock, clock)
  ns.provide(slots.entropy, entropy)
  ns.provide(slots.identity, identity)
  ns.provide(
    processState,
    createProcessState({
      env: powers.env,
      argv: powers.argv,
      execArgv: powers.execArgv,
      interfaces: loopback,
      ...(powers.onExit === undefined ? {} : { onExit: powers.onExit }),
    }),
  )

  const later = (task: () => void): void => ns.scheduler.schedule('io', task)
  const files =
    powers.files === undefined
      ? createFileSystem({ mounts: spec.mounts, clock, entropy, host: createHostFs(), later, owner: { uid, gid } })
      : undefined
  const process = files?.process(identity, powers.stdio) ?? powers.files?.(identity)
  if (process === undefined) throw new TypeError('A namespace needs files')
  ns.provide(fileSystem, process)
  ns.provide(slots.fileView, createFileView(process, ns.errors))
  ns.provide(slots.socketFiles, createSocketFiles(process))

  const stack = createNetStack({
    hostname,
    hosts: spec.hosts,
    socketFiles: () => ns.find(slots.socketFiles),
    ...(powers.switchPort === undefined ? {} : { switchPort: powers.switchPort }),
  })
  ns.provide(netStack, stack)

  // Last registered, first released: connections before the files that they may write.
  if (files !== undefined) ns.own(files)
  ns.own(process)
  ns.own(stack)
  // Opening ports loads `net`, which most programs do not need.
  const isPublished = spec.publish.length > 0 || spec.publishAll
  const publisher = isPublished ? publishPorts(ns, { publish: spec.publish, publishAll: spec.publishAll }) : undefined
  return { ns, files, stack, published: () => publisher?.ports() ?? [] }
}
