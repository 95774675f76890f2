// What can be mounted.
export { etcFiles } from './state/etc-files.ts'
export type { EtcFiles } from './state/etc-files.ts'
export { hostDir, memory, nodeFs, overlay, synthetic, volume } from './state/mount-spec.ts'
export type {
  DevSpec,
  EtcOptions,
  EtcSpec,
  HostDirOptions,
  HostDirSpec,
  MemoryFiles,
  MemoryOptions,
  MemorySpec,
  MountMode,
  MountSpec,
  NodeFsOptions,
  NodeFsSpec,
  OverlayOptions,
  OverlaySpec,
  ProcSpec,
  RemoteSpec,
  VolumeOptions,
  VolumeSpec,
} from './state/mount-spec.ts'
export type { NodeFsFunction, NodeFsObject } from './state/node-fs-object.ts'
export type { QuotaLimits } from './state/quota.ts'

// Objects that only this thread has, in guests of other threads.
export { portsIn, shareObjects } from './state/shared-objects.ts'
export type { ShareOptions } from './state/shared-objects.ts'

// Volumes: what outlives the guests that use it.
export { createVolumeStore } from './state/volume-store.ts'
export type { Volume, VolumeStore, VolumeStoreOptions } from './state/volume-store.ts'

// The model: a guest's files, and its processes over them.
export { createFileSystem } from './state/file-system.ts'
export type { FileSystem, FileSystemOptions, ServeOptions, Serving } from './state/file-system.ts'
export type { ProcessFacts } from './state/proc-facts.ts'
export { connectFileSystem } from './state/remote-process.ts'
export type { ConnectOptions } from './state/remote-process.ts'
export type { Connection, FileSystemMemory } from './state/remote-protocol.ts'
export { createHostFs } from './state/host-fs.native.ts'
export type { HostFs, HostPathLike } from './state/host-fs.ts'
export { fileSystem } from './slot.ts'
export { createFileView } from './state/file-view.ts'
export { createSocketFiles } from './state/socket-files.ts'
export { Errno } from './types.ts'
export type {
  AsyncSyscalls,
  DirectCalls,
  DirectoryEntry,
  FileSystemProcess,
  HostPath,
  ResolveIntent,
  StatFsRecord,
  StatNumbers,
  StatRecord,
  SyscallName,
  Syscalls,
  WatchEvent,
} from './types.ts'

// What was written to layers in memory: kept, put back, sent, packed as OCI's image layers.
export { readSnapshot, Snapshot, stateOf } from './state/snapshot.ts'
export { exportPortable } from './state/snapshot-layers.ts'
export type { FileSystemState, LayerKeeper } from './state/snapshot-layers.ts'
export type { FileChanges } from './state/layer-diff.ts'
export { contentPieces } from './state/layer-tar.ts'
export type { LayerEntry } from './state/layer-tar-entries.ts'
export type { ByteSource } from './state/layer-tar-reader.ts'
export type { InodeState, LayerState } from './state/layer-state.ts'
export type { ContentState } from './state/memory-content.ts'

// Names that are not UTF-8.
export { decodeName, encodeName } from './state/name-bytes.ts'

// The Node-shaped surface: what a guest calls.
export { createFsInterceptor } from './shim/interceptor.ts'
