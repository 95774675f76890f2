import { linuxFsConstants } from '@libvisor/abi'
import type { StatRecord } from '../types.ts'
import type { OverlayNode } from './overlay.ts'
import { fileType } from './vnode.ts'
import type { AttributeChange, OpenFile, Vnode } from './vnode.ts'

const { O_RDONLY } = linuxFsConstants

/** The open files that read a lower layer, by inode: whom a copy-up and an unlink concern. */
export interface LowerOpens {
  readonly opens: Map<string, Set<OverlayFile>>
  readonly key: string
}

/**
 * An open file of an overlay. One that reads a lower layer goes over to the upper one when its inode is copied up, as
 * Linux's has done since 4.19.
 */
export class OverlayFile implements OpenFile {
  readonly node: OverlayNode
  detached = false
  handover = 0
  #file: OpenFile
  #moved = false
  /** Of a device of a lower layer: where its attributes are. */
  #copy: Vnode | undefined
  /** Present while the file is a lower layer's. */
  #lower: LowerOpens | undefined
  /** What was changed after the last name was gone: the lower inode must not be. */
  #orphan: AttributeChange | undefined

  constructor(node: OverlayNode, file: OpenFile, lower?: LowerOpens) {
    this.node = node
    this.#file = file
    this.#lower = lower
    if (lower === undefined) {
      this.detached = file.hostFd !== undefined && node.driver.layer.hasOrigin(file.node)
      return
    }
    let files = lower.opens.get(lower.key)
    if (files === undefined) lower.opens.set(lower.key, (files = new Set()))
    files.add(this)
  }

  /** The inode has been copied up: everything happens there from now on. */
  moveTo(upper: Vnode): void {
    if (this.#orphan !== undefined) return
    this.#moved = true
    // An open device or fifo is what it is, whoever has its name; its attributes are those of the copy.
    if (upper.type !== fileType.file && upper.type !== fileType.directory) {
      this.#copy = upper
      return
    }
    const lower = this.#file
    this.handover = lower.position()
    this.#file = upper.open(O_RDONLY)
    this.#lower = undefined
    lower.close()
  }

  /** The name is gone. */
  detach(): void {
    this.#orphan = {}
    this.detached = true
  }

  /** None after a copy-up: the new descriptor would stand at the beginning, and the old one has other attributes. */
  get hostFd(): number | undefined {
    return this.#moved ? undefined : this.#file.hostFd
  }

  get stream(): boolean {
    return this.#file.stream
  }

  position(): number {
    return this.#file.position()
  }

  read(length: number, position: number, into?: Uint8Array): Uint8Array {
    return this.#file.read(length, position, into)
  }

  write(data: Uint8Array, position: number): number {
    return this.#file.write(data, position)
  }

  room(length: number): number {
    return this.#file.room?.(length) ?? length
  }

  append(data: Uint8Array, position: number): number {
    return this.#file.append(data, position)
  }

  stat(): StatRecord {
    if (this.#copy !== undefined) return this.node.driver.layer.present(this.#copy.stat())
    if (this.#lower === undefined) return this.#present(this.node.driver.layer.present(this.#file.stat()))
    if (this.#orphan === undefined) return this.node.stat()
    const record = this.#file.stat()
    const isDirectory = this.node.type === fileType.directory
    const mode = (record.mode & ~0o7777) | ((this.#orphan.mode ?? record.mode) & 0o7777)
    return { ...record, ...this.#orphan, mode, nlink: isDirectory ? 0 : Math.max(0, record.nlink - 1) }
  }

  /** A directory of the upper layer counts what is merged into it, too, for as long as it has a name. */
  #present(record: StatRecord): StatRecord {
    if (record.nlink === 0 || this.node.type !== fileType.directory) return record
    return { ...record, nlink: this.node.stat().nlink }
  }

  change(change: AttributeChange): void {
    if (this.#copy !== undefined) this.#copy.change(change)
    else if (this.#lower === undefined) this.#file.change(change)
    else if (this.#orphan === undefined) this.node.change(change)
    else this.#orphan = { ...this.#orphan, ...change }
  }

  truncate(size: number): void {
    this.#file.truncate(size)
  }

  sync(): void {
    if (this.#lower === undefined) this.#file.sync()
  }

  close(): void {
    if (this.#lower !== undefined) {
      const { opens, key } = this.#lower
      const files = opens.get(key)
      files?.delete(this)
      if (files?.size === 0) opens.delete(key)
      this.#lower = undefined
    }
    this.#file.close()
  }
}
