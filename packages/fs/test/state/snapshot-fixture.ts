/** Layers as other tools see them: packed, listed, extracted, and applied by hand to what lies beneath. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { hostDir, memory, overlay, Snapshot, stateOf } from '@libvisor/fs'
import type { FileChanges, Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { makeFileSystem, makeIdentity, makeStdio } from './fixture.ts'
import type { Mounts } from './fixture.ts'
import { nativeSyscalls } from './native-syscalls.ts'

const { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } = fs.constants

/** A layer's archive, whole. */
export async function archive(snapshot: Snapshot, mount?: string): Promise<Uint8Array> {
  return new Response(snapshot.tar(mount)).bytes()
}

/** Runs GNU tar over an archive. It has nothing to complain about, but for times that are not the usual ones. */
export function tar(args: readonly string[], input: Uint8Array): string {
  const { status, stdout, stderr } = spawnSync('tar', ['--warning=no-timestamp', ...args], {
    input,
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  })
  if (status !== 0 || stderr.length > 0) throw new Error(`tar ${args.join(' ')}: ${stderr.toString()}`)
  return stdout.toString('latin1')
}

/** All that a layer's application must bring about, by path: names and contents as bytes, so that all of them count. */
export function view(sync: Syscalls, directory = ''): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const { name } of sync.readdir(directory === '' ? '/' : directory)) {
    const path = `${directory}/${name}`
    const { mode, uid, gid, size, nlink, mtimeNs } = sync.lstat(path)
    const type = mode & S_IFMT
    const common = { mode, uid, gid, mtimeNs }
    if (type === S_IFDIR) found.set(path, common)
    else if (type === S_IFLNK) found.set(path, { ...common, target: sync.readlink(path) })
    else if (type === S_IFREG) found.set(path, { ...common, size, nlink, content: contentOf(sync, path) })
    else found.set(path, common)
    if (type === S_IFDIR) for (const [below, what] of view(sync, path)) found.set(below, what)
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function contentOf(sync: Syscalls, path: string): string {
  const fd = sync.open(path, fs.constants.O_RDONLY, 0)
  try {
    return Buffer.from(sync.read(fd, 1 << 24, 0)).toString('latin1')
  } finally {
    sync.close(fd)
  }
}

/**
 * Applies a layer to a directory as OCI's specification says, with nothing but GNU tar and a few removals, and shows it.
 *
 * @param lower - is not changed
 */
export function applied(layer: Uint8Array, lower: string): Map<string, unknown> {
  using delta = temporaryDirectory()
  using target = temporaryDirectory()
  tar(['-xp', '--numeric-owner', '--delay-directory-restore', '-C', delta.path], layer)
  spawnSync('cp', ['-a', `${lower}/.`, target.path])
  removeHidden(Buffer.from(delta.path), Buffer.from(target.path))
  tar(['-xp', '--numeric-owner', '--exclude=.wh.*', '-C', target.path], layer)
  return view(nativeSyscalls(target.path))
}

function removeHidden(delta: Buffer, target: Buffer): void {
  const at = (directory: Buffer, name: string): Buffer =>
    Buffer.concat([directory, Buffer.from('/'), Buffer.from(name, 'latin1')])
  const names = fs.readdirSync(delta, 'latin1' as 'utf8')
  const remove = (name: string): void => fs.rmSync(at(target, name), { recursive: true, force: true })
  if (names.includes('.wh..wh..opq') && fs.existsSync(target)) {
    for (const name of fs.readdirSync(target, 'latin1' as 'utf8')) remove(name)
  }
  for (const name of names) if (name.startsWith('.wh.') && name !== '.wh..wh..opq') remove(name.slice(4))
  for (const name of names) {
    if (name.startsWith('.wh.')) continue
    const [from, to] = [at(delta, name), at(target, name)]
    const isDirectory = fs.lstatSync(from).isDirectory()
    const existing = fs.lstatSync(to, { throwIfNoEntry: false })
    if (existing !== undefined && existing.isDirectory() !== isDirectory) remove(name)
    if (isDirectory) removeHidden(from, to)
  }
}

/** A directory of the host to lie beneath: files, directories to be moved and hidden, links. */
export function makeLower(): ReturnType<typeof temporaryDirectory> {
  const lower = temporaryDirectory({
    'gone/file': 'x',
    'moved/deep/file': 'moved',
    'moved/other': 'other',
    'opaque/old': 'x',
    'kept/file': 'kept',
    'kept/second': 'second',
    file: 'lower',
  })
  fs.symlinkSync('../file', join(lower.path, 'moved/link'))
  fs.linkSync(join(lower.path, 'moved/other'), join(lower.path, 'moved/same'))
  return lower
}

/** The files of a guest, as users have them. */
export interface Files {
  snapshot(): Snapshot
  restore(snapshot: Snapshot): void
  diff(since?: Snapshot): FileChanges
}

/** Starts a guest. */
export function start(mounts: Mounts): { files: Files; sync: Syscalls } & Disposable {
  const model = makeFileSystem(mounts)
  const { sync } = model.process(makeIdentity(), makeStdio())
  const files: Files = {
    snapshot: () => new Snapshot(model.exportState(), model.makePortable),
    restore: (snapshot) => model.importState(stateOf(snapshot)),
    diff: (since) => model.diff(since && stateOf(since)),
  }
  return { files, sync, [Symbol.dispose]: () => model[Symbol.dispose]() }
}

/** An overlay of memory over a directory of the host. */
export const over = (lower: { readonly path: string }): Mounts => ({
  '/': overlay({ lower: hostDir(lower.path), upper: memory() }),
})
