import { original } from '@libvisor/abi'
import { callNative } from '@libvisor/core'
import type { HostPathLike } from './host-fs.ts'

/** Where anybody may make a directory. A longer path would leave less of the 107 bytes that the address of a socket may have. */
const DOORS = '/tmp/visor-'

/**
 * Makes the file of a socket that nobody listens on, as `mknod` does.
 *
 * Node makes such a file only by binding a socket, and libuv removes it by the path of the binding when the socket is closed. So it
 * is bound through a link, which has gone by then.
 *
 * @param path - an absolute path of the host
 * @throws the error of the host: EEXIST, or what it fails with to make a file there
 */
export function makeSocketFile(path: HostPathLike): void {
  // The address of a socket is text in Node.
  if (typeof path !== 'string') throw bindError('EINVAL')
  const fs = original('fs')
  const split = path.lastIndexOf('/') + 1
  const door = fs.mkdtempSync(DOORS)
  try {
    fs.symlinkSync(path.slice(0, split), `${door}/d`)
    const server = callNative(() => original('net').createServer())
    // What it tells is known before: whether it listens.
    server.on('error', () => {})
    callNative(() => server.listen(`${door}/d/${path.slice(split)}`))
    const isBound = server.listening
    fs.unlinkSync(`${door}/d`)
    if (isBound) callNative(() => server.close())
    else explainFailure(path)
  } finally {
    fs.rmSync(door, { recursive: true, force: true })
  }
}

/** Fails as making any file there fails. */
function explainFailure(path: string): never {
  const fs = original('fs')
  fs.closeSync(fs.openSync(path, 'wx'))
  fs.unlinkSync(path)
  // It is the address that is too long.
  throw bindError('ENAMETOOLONG')
}

const bindError = (code: string): Error => Object.assign(new Error(`${code}: bind`), { code, syscall: 'bind' })
