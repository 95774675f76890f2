import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Files to write, by their path in the directory: text, bytes, or an object that becomes JSON. */
export type FileTree = Readonly<Record<string, string | Uint8Array | object>>

/** An empty directory of the host that is gone after its block. */
export interface TemporaryDirectory extends Disposable {
  /** Its path, free of symbolic links. */
  readonly path: string
  /** The path of something in it. */
  resolve(...parts: readonly string[]): string
  /** Writes files, making the directories that they are in. */
  write(files: FileTree): void
  /** What is in it, at any depth: paths with slashes, sorted, directories with one at their end. */
  list(): readonly string[]
}

/**
 * Makes a directory.
 *
 * @param files - what is in it at the beginning
 * @returns the directory; disposing of it removes it with all that is in it
 * @example
 * ```ts
 * using directory = temporaryDirectory({ 'main.js': 'console.log(1)', 'package.json': { type: 'module' } })
 * ```
 */
export function temporaryDirectory(files: FileTree = {}): TemporaryDirectory {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'libvisor-')))
  const directory: TemporaryDirectory = {
    path: root,
    resolve: (...parts) => path.join(root, ...parts),
    write(tree) {
      for (const [name, content] of Object.entries(tree)) {
        const file = path.join(root, name)
        fs.mkdirSync(path.dirname(file), { recursive: true })
        const isRaw = typeof content === 'string' || content instanceof Uint8Array
        fs.writeFileSync(file, isRaw ? content : `${JSON.stringify(content, null, 2)}\n`)
      }
    },
    list: () =>
      fs
        .readdirSync(root, { recursive: true, withFileTypes: true })
        .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)) + (entry.isDirectory() ? '/' : ''))
        .toSorted(),
    [Symbol.dispose]: () => fs.rmSync(root, { recursive: true, force: true }),
  }
  directory.write(files)
  return directory
}
