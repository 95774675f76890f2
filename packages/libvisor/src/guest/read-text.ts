import { linuxFsConstants } from '@libvisor/abi'
import type { AsyncSyscalls, FileSystemProcess, Syscalls } from '@libvisor/fs'

const { O_RDONLY } = linuxFsConstants

/** As the C library reads them: they are small, and read for each name that is looked up. @units bytes */
const PIECE = 1 << 12

/**
 * Reads a small file of a guest as the system's own libraries do, whatever has become of `fs`.
 *
 * @param process - whose files
 * @param path - absolute
 * @param done - given the text, or `undefined` where it cannot be read; at once where the files are in this thread
 */
export function readText(process: FileSystemProcess, path: string, done: (text: string | undefined) => void): void {
  if (process.local) return done(readHere(process.sync, path))
  readElsewhere(process.async, path).then(done, () => done(undefined))
}

function readHere(sync: Syscalls, path: string): string | undefined {
  try {
    const fd = sync.open(path, O_RDONLY, 0)
    try {
      let text = ''
      const decoder = new TextDecoder()
      for (;;) {
        const bytes = sync.read(fd, PIECE, -1)
        text += decoder.decode(bytes, { stream: true })
        if (bytes.length === 0) return text
      }
    } finally {
      sync.close(fd)
    }
  } catch {
    return undefined
  }
}

async function readElsewhere(calls: AsyncSyscalls, path: string): Promise<string> {
  const fd = await calls.open(path, O_RDONLY, 0)
  try {
    let text = ''
    const decoder = new TextDecoder()
    for (;;) {
      const bytes = await calls.read(fd, PIECE, -1)
      text += decoder.decode(bytes, { stream: true })
      if (bytes.length === 0) return text
    }
  } finally {
    await calls.close(fd)
  }
}
