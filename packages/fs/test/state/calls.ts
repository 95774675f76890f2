/** Small programs over system calls. */
import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { Errno } from '@libvisor/fs'
import type { Syscalls } from '@libvisor/fs'

const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
export const bytes = (content: string): Uint8Array => new TextEncoder().encode(content)

export function put(sync: Syscalls, path: string, content: string, mode = 0o644): void {
  const fd = sync.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
  sync.write(fd, bytes(content), -1)
  sync.close(fd)
}

export function append(sync: Syscalls, path: string, content: string): void {
  const fd = sync.open(path, O_WRONLY | O_APPEND, 0)
  sync.write(fd, bytes(content), -1)
  sync.close(fd)
}

export function get(sync: Syscalls, path: string): string {
  const fd = sync.open(path, O_RDONLY, 0)
  try {
    return text(sync.read(fd, 1 << 20, -1))
  } finally {
    sync.close(fd)
  }
}

export const names = (sync: Syscalls, path: string): string[] => sync.readdir(path).map(({ name }) => name)

export function fails(code: Errno['code'], call: () => unknown): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof Errno, String(error))
    assert.equal(error.code, code)
    return true
  })
}

/** What a call gives, or the code it fails with. */
export function outcome<Result>(call: () => Result): Result | string {
  try {
    return call()
  } catch (error) {
    if (error instanceof Errno) return error.code
    throw error
  }
}
