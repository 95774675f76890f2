// Run programs, each in a namespace of its own.
export { createHost } from './host/host.ts'
export type { Host } from './host/host.ts'
export type { Guest, GuestStats, ListeningPort } from './host/guest.ts'
export type { GuestRow, HostStats, ThreadStats } from './host/host-stats.ts'
export type { GuestFileSystem, GuestLayers } from './host/guest-layers.ts'
export type { GuestUsage } from './thread/protocol.ts'
export type { HostOptions, PoolOptions, Stall } from './config/pool-options.ts'
export type { ExitStatus } from './host/exit-status.ts'
export type { NewVolumeOptions, Volumes } from './host/volumes.ts'
export type { HostNetwork, LinkOption, LinkRule } from './host/host-network.ts'
export type { LinkOptions, SocketRow } from '@libvisor/net'
export type { HostConnect, HostFetch } from './host/host-clients.native.ts'
export type {
  EgressOption,
  GuestOptions,
  Isolation,
  NamespaceOptions,
  NetOptions,
  PlacementOption,
  ProcessOptions,
  PublishOption,
  RandomOptions,
  TimeOptions,
} from './config/guest-options.ts'

// Run the host's own code in a namespace, such as a test.
export { createNamespace } from './namespace/create-namespace.ts'
export type { SharedNamespace } from './namespace/create-namespace.ts'
export type { NamespaceFiles, NamespaceLayers } from './namespace/namespace-files.ts'

// What a guest's file system is made of.
export { hostDir, memory, nodeFs, overlay, synthetic, volume } from '@libvisor/fs'
export type {
  HostDirOptions,
  MemoryFiles,
  MemoryOptions,
  MountMode,
  MountSpec,
  NodeFsObject,
  NodeFsOptions,
  OverlayOptions,
  Volume,
  VolumeOptions,
} from '@libvisor/fs'

// What was written to layers in memory, kept: to be put back, or packed as OCI's image layers.
export { readSnapshot } from '@libvisor/fs'
export type { ByteSource, FileChanges, Snapshot } from '@libvisor/fs'

// Errors for the user of libvisor; guests see Node's own.
export { VisorError } from '@libvisor/core'
export type { VisorErrorCode, VisorErrorOptions } from '@libvisor/core'
