import type { StatRecord } from '../types.ts'
import type { MemoryNode } from './memory.ts'
import type { AttributeChange, OpenFile } from './vnode.ts'

/** An open file, directory or link of a memory driver. */
export class MemoryFile implements OpenFile {
  readonly node: MemoryNode
  readonly hostFd = undefined
  readonly detached = false
  readonly handover = 0
  readonly stream = false
  readonly #keepAtime: boolean

  constructor(node: MemoryNode, keepAtime: boolean) {
    this.node = node
    this.#keepAtime = keepAtime
    if (node.quotaBlocks !== undefined) node.quotaBlocks.opens++
  }

  read(length: number, position: number, into?: Uint8Array): Uint8Array {
    const { node } = this
    if (!this.#keepAtime) node.accessed()
    return node.content === undefined ? new Uint8Array(0) : node.content.read(length, position, into)
  }

  write(data: Uint8Array, position: number): number {
    const { content } = this.node
    if (content === undefined || data.length === 0) return 0
    const blocks = this.node.quotaBlocks
    const length = blocks === undefined ? data.length : blocks.take(position, data.length)
    content.write(length === data.length ? data : data.subarray(0, length), position)
    this.node.modified()
    return length
  }

  room(length: number): number {
    const { quotaBlocks: blocks, size } = this.node
    return blocks === undefined || length === 0 ? length : blocks.take(size, length)
  }

  position(): number {
    return 0
  }

  append(data: Uint8Array): number {
    const { content } = this.node
    if (content === undefined) return 0
    this.write(data, content.size)
    return content.size
  }

  stat(): StatRecord {
    return this.node.stat()
  }

  change(change: AttributeChange): void {
    this.node.change(change)
  }

  truncate(size: number): void {
    this.node.truncate(size, true)
  }

  sync(): void {}

  close(): void {
    const { node } = this
    const blocks = node.quotaBlocks
    if (blocks !== undefined && --blocks.opens === 0 && node.nlink === 0) node.driver.drop(node)
  }
}
