import type { HostFs } from './host-fs.ts'
import type { Witnesses, WitnessHost } from './witnesses.ts'

/** How much text is kept. @units UTF-16 code units */
const LARGEST = 64 * 2 ** 20

/** A text, and the version of the file it was read from. */
interface KnownText {
  readonly text: string
  readonly version: number
}

/**
 * The contents of text files of the host, such as modules, that the file systems of a thread share. A text is given out as long as
 * the file has the same inode, size and times.
 */
export class KnownTexts {
  readonly #witnesses: Witnesses
  readonly #texts = new Map<string, KnownText>()
  #length = 0

  constructor(witnesses: Witnesses) {
    this.#witnesses = witnesses
  }

  /**
   * The content of a file.
   *
   * @param host - where it is
   * @param path - on the host
   * @returns `undefined` where there is no file that can be read
   */
  read(host: Pick<HostFs, 'readText'> & WitnessHost, path: string): string | undefined {
    const witness = this.#witnesses.of(path)
    this.#witnesses.epoch(host)
    const version = this.#witnesses.look(host, witness)
    if (!witness.isFile) return undefined
    const known = this.#texts.get(path)
    if (known?.version === version) return known.text
    let text: string
    try {
      text = host.readText(witness.path)
    } catch {
      return undefined
    }
    if (witness.isSettled(host) && !witness.isEmpty) this.#keep(path, { text, version })
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
