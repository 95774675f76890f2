/** Who wants to know of changes in the virtual layers. Costs one comparison while nobody does. */
import type { WatchEvent } from '../types.ts'

interface Watcher {
  readonly path: string
  readonly recursive: boolean
  readonly listener: (event: WatchEvent) => void
}

export class ChangeFeed {
  readonly #watchers = new Set<Watcher>()
  /** Another number when a name has come or gone, or an inode's attributes have changed. */
  version = 0

  /** Whether anybody listens: ask before finding out a path. */
  get active(): boolean {
    return this.#watchers.size > 0
  }

  /**
   * @param path - what is watched, without links
   * @param recursive - whether entries of directories below count
   */
  watch(path: string, recursive: boolean, listener: (event: WatchEvent) => void): Disposable {
    const watcher = { path, recursive, listener }
    this.#watchers.add(watcher)
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) }
  }

  /**
   * Tells of a change, as inotify does: whoever watches the inode, and whoever watches its directory.
   *
   * @param type - `rename` when a name came or went
   * @param path - of what has changed, without links
   */
  emit(type: WatchEvent['type'], path: string): void {
    for (const { path: watched, recursive, listener } of [...this.#watchers]) {
      if (path === watched) {
        listener({ type, name: watched.slice(watched.lastIndexOf('/') + 1) })
        continue
      }
      const prefix = watched === '/' ? '/' : `${watched}/`
      if (!path.startsWith(prefix)) continue
      const name = path.slice(prefix.length)
      if (recursive || !name.includes('/')) listener({ type, name })
    }
  }
}
