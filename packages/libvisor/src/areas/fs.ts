// All of the file system that is loaded when a program first asks for it.
export {
  connectFileSystem,
  createFileSystem,
  createFileView,
  createFsInterceptor,
  createHostFs,
  createSocketFiles,
  createVolumeStore,
  exportPortable,
} from '@libvisor/fs'
