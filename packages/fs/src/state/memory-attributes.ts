import type { Device } from './device.ts'
import type { FileBlocks } from './quota.ts'
import { Timestamps } from './timestamps.ts'
import { fileType } from './vnode.ts'
import type { NodeInit } from './vnode.ts'

/** What few inodes have. */
interface RareAttributes {
  dev: number | undefined
  rdev: number
  device: Device | undefined
  descriptor: number | undefined
  opaque: boolean
  redirect: string | undefined
  blocks: FileBlocks | undefined
}

const none: Readonly<RareAttributes> = Object.freeze({
  dev: undefined,
  rdev: 0,
  device: undefined,
  descriptor: undefined,
  opaque: false,
  redirect: undefined,
  blocks: undefined,
})

/**
 * What an inode in memory says of itself, whatever it holds. There may be a million of them: what few have is not in each, and what
 * follows from something else is not kept.
 */
export abstract class MemoryAttributes extends Timestamps {
  abstract readonly driver: { readonly dev: number }
  ino: number
  mode: number
  uid: number
  gid: number
  nlink = 0
  #rare: RareAttributes | undefined

  /**
   * @param ino - its number
   * @param now - its times
   */
  constructor(ino: number, now: bigint, { mode, uid, gid }: NodeInit) {
    super(now)
    this.ino = ino
    this.mode = mode
    this.uid = uid
    this.gid = gid
    this.#rare = undefined
  }

  get type(): number {
    return this.mode & fileType.mask
  }

  #withRare(): RareAttributes {
    return (this.#rare ??= { ...none })
  }

  get dev(): number {
    return this.#rare?.dev ?? this.driver.dev
  }

  set dev(dev: number) {
    if (dev !== this.dev) this.#withRare().dev = dev
  }

  get rdev(): number {
    return this.#rare === undefined ? 0 : this.#rare.rdev
  }

  set rdev(rdev: number) {
    if (rdev !== this.rdev) this.#withRare().rdev = rdev
  }

  /** What reads and writes, when it is a device. */
  get device(): Device | undefined {
    return this.#rare?.device
  }

  set device(device: Device) {
    this.#withRare().device = device
  }

  get descriptor(): number | undefined {
    return this.#rare?.descriptor
  }

  set descriptor(descriptor: number) {
    this.#withRare().descriptor = descriptor
  }

  /** In the upper layer of an overlay: nothing of the lower layers shows through this directory. */
  get opaque(): boolean {
    return this.#rare !== undefined && this.#rare.opaque
  }

  set opaque(opaque: boolean) {
    if (opaque !== this.opaque) this.#withRare().opaque = opaque
  }

  /** In the upper layer of an overlay: where this directory's lower part is, when it has been moved. */
  get redirect(): string | undefined {
    return this.#rare?.redirect
  }

  set redirect(redirect: string | undefined) {
    if (redirect !== this.redirect) this.#withRare().redirect = redirect
  }

  /** The blocks of a regular file, where there is a quota. */
  get quotaBlocks(): FileBlocks | undefined {
    return this.#rare?.blocks
  }

  set quotaBlocks(blocks: FileBlocks) {
    this.#withRare().blocks = blocks
  }
}
