import type { HostFs } from './host-fs.ts'
import { encodeName } from './name-bytes.ts'

/** How much text is kept. @units UTF-16 code units */
const LARGEST = 64 * 2 ** 20

/** A file that was changed so recently may be changed again without its times telling. @units milliseconds */
const UNSETTLED_MS = 2000

type TextHost = Pick<HostFs, 'lstat' | 'readText' | 'wallMs'>

interface KnownText {
  readonly text: string
  readonly ino: number
  readonly dev: number
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
}

/**
 * The contents of text files of the host, such as modules, that the file systems of a thread share. A text is given out as long as
 * the file has the same inode, size and times.
 */
export class KnownTexts {
  readonly #texts = new Map<string, KnownText>()
  #length = 0

  /**
   * The content of a file.
   *
   * @param host - where it is
   * @param path - on the host
   * @returns `undefined` where there is no file that can be read
   */
  read(host: TextHost, path: string): string | undefined {
    const hostPath = encodeName(path)
    const stats = host.lstat(hostPath)
    if (stats === undefined || !stats.isFile()) return undefined
    const { ino, dev, size, mtimeMs, ctimeMs } = stats
    const known = this.#texts.get(path)
    const isSame =
      known !== undefined &&
      known.ino === ino &&
      known.dev === dev &&
      known.size === size &&
      known.mtimeMs === mtimeMs &&
      known.ctimeMs === ctimeMs
    if (isSame) return known.text
    let text: string
    try {
      text = host.readText(hostPath)
    } catch {
      return undefined
    }
    if (host.wallMs() - Math.max(mtimeMs, ctimeMs) > UNSETTLED_MS && size > 0) {
      this.#keep(path, { text, ino, dev, size, mtimeMs, ctimeMs })
    }
    return text
  }

  #keep(path: string, known: KnownText): void {
    this.#length += known.text.length - (this.#texts.get(path)?.text.length ?? 0)
    if (this.#length > LARGEST) {
      this.#texts.clear()
      this.#length = known.text.length
    }
    this.#texts.set(path, known)
  }
}
