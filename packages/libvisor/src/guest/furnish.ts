import { createNamespace, createPolicy, slots } from '@libvisor/core'
import type { FileView, Namespace, Stdio } from '@libvisor/core'
import { fileSystem } from '@libvisor/fs'
import type { FileSystem, FileSystemProcess } from '@libvisor/fs'
import { netStack } from '@libvisor/net'
import type { NetStack, PublishedPort, StackAttachment, SwitchPort } from '@libvisor/net'
import { createIdentity, createProcessState, processState } from '@libvisor/process'
import type { GuestIdentity } from '@libvisor/process'
import { createEntropy } from '@libvisor/random'
import { createClock } from '@libvisor/time'
import { loadFs, loadNet } from '../areas/load-area.native.ts'
import type { Areas } from '../areas/areas.ts'
import { interfacesOf } from './interfaces.ts'
import { hostTimers } from './link-timers.ts'
import { withOwnEtc } from './own-etc.ts'
import { processFactsOf } from './process-facts.ts'
import { readText } from './read-text.ts'
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
  /**
   * Hears of the end by `process.exit()` or by a signal, in a process of its own also by an error that nobody has caught, and of every end of a guest
   * in a context, before anything is released.
   */
  readonly onExit?: () => void
  /** The way to other guests. @defaultValue none */
  readonly switchPort?: SwitchPort
  /** The way of a further thread of a guest to the guest's network, in place of one of its own. @defaultValue none */
  readonly network?: StackAttachment
  /** Where the code of the areas comes from. @defaultValue it is loaded when it is first needed */
  readonly areas?: Areas
  /** A namespace that was made ahead and is nobody's yet. @defaultValue a new one, of the thread's own realm */
  readonly ns?: Namespace
  /** The files of another thread, in place of ones of its own. */
  readonly files?: (identity: GuestIdentity) => FileSystemProcess
}

/** Most programs need neither: they are loaded when they are first needed. */
const lateAreas: Areas = { fs: loadFs, net: loadNet }

/** A namespace with a model in every slot, each made when it is first asked for. */
export interface FurnishedNamespace {
  readonly ns: Namespace
  readonly spec: NamespaceSpec
  /**
   * Whether the guest's files are, for now, the host's: then nothing that reads files need be hooked before the guest
   * can change one.
   */
  readonly startsAsHost: boolean
  /** The model of the files, of a namespace that has them in this thread. */
  files(): FileSystem
  /** The ports of the host that lead to the guest now. */
  published(): readonly PublishedPort[]
  /** Calls a function with the network stack as soon as there is one. */
  whenNetworked(use: (stack: NetStack) => void): void
}

/**
 * Makes a namespace and has the model of each area made for its slot.
 *
 * @param spec - what the guest is to see
 * @param powers - what it is connected to
 * @returns the namespace; disposing of it releases all models
 * @throws {VisorError} VISOR_MOUNT_UNREADABLE, VISOR_CONFIG_INVALID, VISOR_ADDRESS_IN_USE when something cannot be made
 */
export function furnish(spec: NamespaceSpec, powers: FurnishPowers): FurnishedNamespace {
  const policy = createPolicy({ egress: createEgress(spec.egress), exec: spec.exec, addons: spec.addons })
  const { name } = spec
  const { ns = createNamespace({ name, policy }) } = powers
  ns.assign({ name, policy })
  try {
    provideProcess(ns, spec, powers)
    const etc = withOwnEtc(spec, (powers.switchPort ?? powers.network)?.address ?? '')
    const files = provideFiles(ns, { ...spec, mounts: etc.mounts }, powers)
    return {
      ns,
      spec,
      ...files,
      ...provideNetwork(ns, spec, { ...powers, hosts: etc.hosts, startsAsHost: files.startsAsHost }),
    }
  } catch (error) {
    ns[Symbol.dispose]()
    throw error
  }
}

function provideProcess(ns: Namespace, spec: NamespaceSpec, powers: FurnishPowers): void {
  const { env, argv, execArgv, onExit, switchPort, network } = powers
  const { hostname, uid, gid, umask, cwd, seed } = spec
  ns.provide(slots.clock, createClock(spec.time))
  ns.provideLazily(slots.entropy, () => createEntropy({ seed }))
  ns.provide(slots.identity, createIdentity({ uid, gid, umask, cwd, hostname }))
  ns.provide(
    processState,
    createProcessState({
      env,
      argv,
      execArgv,
      interfaces: interfacesOf(switchPort ?? network),
      ...(onExit && { onExit }),
    }),
  )
}

function provideFiles(
  ns: Namespace,
  spec: NamespaceSpec,
  powers: FurnishPowers,
): Pick<FurnishedNamespace, 'files' | 'startsAsHost'> {
  const { areas = lateAreas } = powers
  const startsAsHost = powers.files === undefined && showsHost(spec.mounts)
  let model: FileSystem | undefined
  const files = (): FileSystem => {
    if (model !== undefined) return model
    const { createFileSystem, createHostFs } = areas.fs()
    model = createFileSystem({
      mounts: spec.mounts,
      clock: ns.get(slots.clock),
      entropy: ns.get(slots.entropy),
      host: createHostFs(),
      later: (task) => ns.scheduler.schedule('io', task),
      owner: { uid: spec.uid, gid: spec.gid },
      facts: processFactsOf(ns, spec),
      ...(spec.maxOpenFiles !== undefined && { maxOpenFiles: spec.maxOpenFiles }),
    })
    ns.own(model)
    return model
  }

  ns.provideLazily(fileSystem, () => {
    const identity = ns.get(slots.identity) as GuestIdentity
    const process = powers.files?.(identity) ?? files().process(identity, powers.stdio)
    ns.own(process)
    return process
  })
  ns.provideLazily(slots.socketFiles, () => areas.fs().createSocketFiles(ns.get(fileSystem), ns.get(slots.identity)))
  ns.provide(slots.fileView, createDeferredView(ns, startsAsHost, areas))
  // What cannot be mounted is said before the program starts.
  if (!startsAsHost) ns.get(fileSystem)
  return { files, startsAsHost }
}

/** Whether mounts show the host's own files at their own paths, with nothing over them that a program could load. */
function showsHost(mounts: NamespaceSpec['mounts']): boolean {
  return Object.entries(mounts).every(([path, mount]) => {
    if (mount.kind === 'dev' || mount.kind === 'proc') return true
    if (path !== '/' || mount.kind !== 'overlay') return false
    const [lower, ...more] = mount.lower
    const isHost = lower?.kind === 'host' && lower.path === '/' && more.length === 0
    return isHost && mount.upper.kind === 'memory' && Object.keys(mount.upper.files).length === 0
  })
}

/** What the loader sees: it asks at every module, and need not have the file system loaded for the first of them. */
function createDeferredView(ns: Namespace, startsAsHost: boolean, areas: Areas): FileView {
  let made: Required<FileView> | undefined
  const view = (): Required<FileView> => (made ??= areas.fs().createFileView(ns.get(fileSystem), ns.errors))
  return {
    differsFromHost: () => (startsAsHost && !ns.has(fileSystem) ? false : view().differsFromHost()),
    kind: (path) => view().kind(path),
    read: (path) => view().read(path),
    text: (path) => view().text(path),
    realpath: (path) => view().realpath(path),
    hostPath: (path) => view().hostPath(path),
    hostFd: (fd) => view().hostFd?.(fd),
    derive: (about, of, make) => view().derive(about, of, make),
    expire: () => made?.expire(),
  }
}

/** Where the network finds `/etc/hosts`. */
interface NetworkFiles {
  /** What it says until somebody writes to it, where that is known. */
  readonly hosts: string | undefined
  readonly startsAsHost: boolean
}

function provideNetwork(
  ns: Namespace,
  spec: NamespaceSpec,
  { switchPort, network, areas = lateAreas, hosts, startsAsHost }: FurnishPowers & NetworkFiles,
): Pick<FurnishedNamespace, 'published' | 'whenNetworked'> {
  const waiting: ((stack: NetStack) => void)[] = []
  ns.provideLazily(netStack, () => {
    const stack = areas.net().createNetStack({
      hostname: spec.hostname,
      timers: hostTimers,
      // Where they are in the file, whoever takes them out means it.
      ...(hosts === undefined && { hosts: spec.hosts }),
      hostsText: (done) => {
        // Nobody can have changed it.
        if (startsAsHost && hosts !== undefined && !ns.has(fileSystem)) done(hosts)
        else readText(ns.get(fileSystem), '/etc/hosts', done)
      },
      socketFiles: () => ns.find(slots.socketFiles),
      ...(switchPort === undefined ? {} : { switchPort }),
      ...(network === undefined ? {} : { parent: areas.net().openStackPort(network) }),
    })
    ns.own(stack)
    for (const use of waiting.splice(0)) use(stack)
    return stack
  })
  const { publish, publishAll } = spec
  const publisher = publish.length > 0 || publishAll ? areas.net().publishPorts(ns, { publish, publishAll }) : undefined
  // Others on the network find the guest from the start.
  if (switchPort !== undefined) ns.get(netStack)
  return {
    published: () => publisher?.ports() ?? [],
    whenNetworked(use) {
      if (ns.has(netStack)) use(ns.get(netStack))
      else waiting.push(use)
    },
  }
}
