import type { FileView } from '@libvisor/core'

/** What is at a path: a file's content, or where a symbolic link leads. */
export type Entry = string | Uint8Array | { readonly link: string }

/** A small file system over a map, for tests that need nothing else of one. */
export interface MemoryFiles extends FileView {
  set(path: string, entry: Entry): void
  delete(path: string): void
}

/** Makes a file system whose folders are those that its entries need. */
export function createMemoryFiles(entries: Readonly<Record<string, Entry>>): MemoryFiles {
  const nodes = new Map<string, Entry | 'folder'>()

  function set(path: string, entry: Entry): void {
    const parts = path.split('/').slice(1, -1)
    nodes.set('/', 'folder')
    for (let i = 1; i <= parts.length; i++) {
      const folder = `/${parts.slice(0, i).join('/')}`
      if (!nodes.has(folder)) nodes.set(folder, 'folder')
    }
    nodes.set(path, entry)
  }
  for (const [path, entry] of Object.entries(entries)) set(path, entry)

  function walk(path: string, depth = 0): string | undefined {
    if (depth > 40) return undefined
    let current = ''
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    for (const [index, part] of parts.entries()) {
      if (part === '..') {
        current = current.slice(0, current.lastIndexOf('/'))
        continue
      }
      const next = `${current}/${part}`
      const node = nodes.get(next)
      if (node === undefined) return undefined
      if (typeof node === 'object' && 'link' in node) {
        const target = node.link.startsWith('/') ? node.link : `${current}/${node.link}`
        return walk([target, ...parts.slice(index + 1)].join('/'), depth + 1)
      }
      if (node !== 'folder' && index < parts.length - 1) return undefined
      current = next
    }
    return current === '' ? '/' : current
  }

  const missing = (path: string): Error =>
    Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' })

  return {
    set,
    delete: (path) => void nodes.delete(path),
    kind(path) {
      const real = walk(path)
      if (real === undefined) return undefined
      return nodes.get(real) === 'folder' ? 'directory' : 'file'
    },
    read(path) {
      const real = walk(path)
      const node = real === undefined ? undefined : nodes.get(real)
      if (node === undefined || node === 'folder' || (typeof node === 'object' && 'link' in node)) throw missing(path)
      return typeof node === 'string' ? Buffer.from(node) : node
    },
    realpath(path) {
      const real = walk(path)
      if (real === undefined) throw missing(path)
      return real
    },
    hostPath: () => undefined,
    differsFromHost: () => true,
  }
}
