import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import type { AttributeChange, NodeInit } from './vnode.ts'

/** A file of a {@link PathFs}, open. */
export interface PathFile {
  /** At most so many bytes, which belong to the caller. */
  read(length: number, position: number): Uint8Array
  /** @returns how many bytes were written */
  write(data: Uint8Array, position: number): number
  stat(): StatRecord
  change(change: AttributeChange): void
  truncate(size: number): void
  sync(): void
  close(): void
}

/**
 * A file system that knows its files by path alone, such as an object with functions of `node:fs`, or a file system in another
 * thread. Paths are absolute, and none leads through a link. All throw Errno.
 */
export interface PathFs extends Disposable {
  readonly writable: boolean
  /** What is at a path; `undefined` when nothing is. */
  lstat(path: string): StatRecord | undefined
  statfs(path: string): StatFsRecord
  readdir(path: string): DirectoryEntry[]
  readlink(path: string): string
  /** Opens a regular file or a device. */
  open(path: string, writes: boolean): PathFile
  /** Makes a file, a directory, a link or a socket file with just these attributes. */
  create(path: string, init: NodeInit): void
  link(existing: string, path: string): void
  unlink(path: string): void
  rmdir(path: string): void
  rename(from: string, to: string): void
  /** Changes attributes of what is at a path, of links themselves. @param record - what they are */
  change(path: string, change: AttributeChange, record: StatRecord): void
  truncate(path: string, size: number): void
}
