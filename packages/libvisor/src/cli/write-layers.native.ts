/** Writes what a guest has changed to the host's disk. */
import fs from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { VisorError } from '@libvisor/core'
import { contentPieces, encodeName } from '@libvisor/fs'
import type { LayerEntry, Snapshot } from '@libvisor/fs'

const { S_IFMT } = fs.constants

/** Where layers go: a directory, or a tar archive where the name ends so. */
export interface LayerTarget {
  write(snapshot: Snapshot): Promise<void>
}

/**
 * Checks where layers are to go, before a program runs for them.
 *
 * @param target - a path of the host
 * @returns what writes them
 * @throws {VisorError} VISOR_OPTION_INVALID when nothing can be written there, or something else would be lost
 */
export function openLayerTarget(target: string): LayerTarget {
  const refuse = (why: string): VisorError =>
    new VisorError('VISOR_OPTION_INVALID', `--commit '${target}' ${why}`, {
      hint: 'Name a directory that is empty or not there, or a file that ends in .tar.',
    })
  const found = fs.statSync(target, { throwIfNoEntry: false })
  if (!fs.statSync(path.dirname(path.resolve(target)), { throwIfNoEntry: false })?.isDirectory()) {
    throw refuse('is in no directory that exists')
  }
  if (target.endsWith('.tar')) {
    if (found?.isDirectory() === true) throw refuse('is a directory')
    return { write: (snapshot) => writeArchive(snapshot, target) }
  }
  if (found !== undefined && !found.isDirectory()) throw refuse('is no directory')
  if (found !== undefined && fs.readdirSync(target).length > 0) throw refuse('is not empty')
  return { write: async (snapshot) => writeDirectory(snapshot.entries(), target) }
}

/** The archive is there whole, or not at all. */
async function writeArchive(snapshot: Snapshot, target: string): Promise<void> {
  const partial = `${target}.${process.pid}.partial`
  try {
    await pipeline(Readable.fromWeb(snapshot.tar()), fs.createWriteStream(partial))
    fs.renameSync(partial, target)
  } catch (error) {
    fs.rmSync(partial, { force: true })
    throw error
  }
}

function writeDirectory(entries: Iterable<LayerEntry>, target: string): void {
  fs.mkdirSync(target, { recursive: true })
  const at = (name: string): Buffer => Buffer.from(encodeName(`${target}/${name}`))
  const directories: [where: Buffer, entry: LayerEntry][] = []
  for (const entry of entries) {
    const where = at(entry.path)
    fs.mkdirSync(at(entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')))), { recursive: true })
    if (entry.kind === 'directory') {
      fs.mkdirSync(where, { recursive: true })
      directories.push([where, entry])
      continue
    }
    writeEntry(entry, where, at)
    if (entry.kind !== 'link' && entry.kind !== 'whiteout') setAttributes(where, entry)
  }
  // What is written into a directory moves its times, and could not be, were the directory read-only already.
  for (const [where, entry] of directories.reverse()) setAttributes(where, entry)
}

function writeEntry(
  { kind, path: name, inode, linkTo }: LayerEntry,
  where: Buffer,
  at: (name: string) => Buffer,
): void {
  switch (kind) {
    case 'symlink':
      return fs.symlinkSync(encodeName(inode.target ?? ''), where)
    case 'link':
      return fs.linkSync(at(linkTo ?? ''), where)
    case 'file':
    case 'whiteout': {
      const fd = fs.openSync(where, 'wx')
      try {
        for (const piece of kind === 'file' && inode.content ? contentPieces(inode.content) : [])
          fs.writeSync(fd, piece)
      } finally {
        fs.closeSync(fd)
      }
      return
    }
    default:
      throw new VisorError('VISOR_UNSUPPORTED', `'${name}' is a ${kind}, which cannot be written to a directory`, {
        hint: 'Commit to a file that ends in .tar.',
      })
  }
}

function setAttributes(where: Buffer, { kind, inode }: LayerEntry): void {
  const { mode, uid, gid, atimeNs, mtimeNs } = inode
  // Nobody else may give files away.
  if (process.getuid?.() === 0) fs.lchownSync(where, uid, gid)
  if (kind !== 'symlink') fs.chmodSync(where, mode & ~S_IFMT)
  fs.lutimesSync(where, Number(atimeNs) / 1e9, Number(mtimeNs) / 1e9)
}
