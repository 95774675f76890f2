import type * as fs from 'node:fs'
import type * as promises from 'node:fs/promises'
import type { DirectCalls, ResolveIntent } from '../types.ts'
import type { ArgumentKind } from './arguments.ts'
import type { FsContext } from './context.ts'
import type { Operation } from './operation.ts'
import type { GuestPath } from './paths.ts'

/** In which of Node's three ways an operation was called. They differ in details. */
export type Flavour = 'callback' | 'promise' | 'sync'

/** One call of an operation, its arguments valid. */
export interface PathCall {
  readonly context: FsContext
  readonly flavour: Flavour
  /** The first path. */
  readonly path: GuestPath
  /** The first path as it was given: what errors made in JavaScript tell. */
  readonly given?: unknown
  /** The second path of operations with two, else the first again. */
  readonly dest: GuestPath
  /** The arguments after the paths, without a callback. */
  readonly args: readonly unknown[]
}

/** How an operation uses one of its paths. */
export interface PathUse {
  readonly intent: ResolveIntent
  /** Whether a symbolic link in the last component is followed. */
  readonly follow: boolean
  /** Whether it is only text that is stored: the target of a symbolic link. */
  readonly text?: true
}

/** An operation on paths: everything from which its three flavours are made. */
export interface PathOperation {
  /** The export of `fs` and of `fs/promises`; the synchronous one has `Sync` at its end. */
  readonly name: keyof typeof fs & keyof typeof promises
  readonly paths: readonly PathUse[]
  /** The arguments after the paths. */
  readonly rest: readonly ArgumentKind[]
  /** Whether any value stands for a path, as `realpath` takes them. */
  readonly coerces?: true
  /**
   * The intent with these arguments, when it depends on them; `undefined` when the call must be emulated. As long as no options are an
   * object, it is that of the path alone.
   */
  readonly intentOf?: (args: readonly unknown[]) => ResolveIntent | undefined
  /** Whether the result of the original holds the path that it was given. */
  showsPath?(args: readonly unknown[]): boolean
  /** Where the original is asked to validate arguments, in place of the guest's path. */
  probeAt?(path: unknown): string
  /**
   * The result where the call is plain, its path an absolute string, and the process answers it at once; otherwise
   * {@link undecided}.
   */
  direct?(calls: DirectCalls, flavour: Flavour, args: readonly unknown[]): unknown
  run(call: PathCall): Operation<unknown>
  /** The same with a descriptor in place of the path. */
  runDescriptor?(call: DescriptorCall): Operation<unknown>
}

/** What {@link PathOperation.direct} gives when it has done nothing. */
export const undecided = Symbol('undecided')

/** One call of an operation on a descriptor, its arguments valid. */
export interface DescriptorCall {
  readonly context: FsContext
  readonly flavour: Flavour
  readonly fd: number
  /** The arguments after the descriptor, without a callback. */
  readonly args: readonly unknown[]
}

export const read = { intent: 'read', follow: true } as const
export const readLink = { intent: 'read', follow: false } as const
export const write = { intent: 'write', follow: true } as const
export const writeLink = { intent: 'write', follow: false } as const
