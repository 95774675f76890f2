import { defineSlot } from '@libvisor/core'
import type { FileSystemProcess } from './types.ts'

/** Where a namespace has its file system. */
export const fileSystem = defineSlot<FileSystemProcess>('file system')
