/**
 * Operations are written once, as generators that yield the system calls they need. They run to the end at once over
 * {@link Syscalls}, or call by call over {@link AsyncSyscalls}.
 */
import type { ErrnoCode, FileErrorOptions } from '@libvisor/abi'
import type { Namespace } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { FileSystemProcess, SyscallName, Syscalls } from '../types.ts'

/** A system call that an operation asks for. */
export interface SystemCall {
  readonly name: SyscallName
  readonly args: readonly unknown[]
}

/** A promise that an asynchronous operation waits for. */
export interface Wait {
  readonly promise: unknown
}

/** An operation: what it yields is answered with the result. */
export type Operation<Result> = Generator<SystemCall | Wait, Result, unknown>

/**
 * Makes a system call.
 *
 * @param name - which one
 * @param args - its arguments
 * @throws {Errno} as the system call does
 */
export function* call<Name extends SyscallName>(
  name: Name,
  ...args: Parameters<Syscalls[Name]>
): Generator<SystemCall, ReturnType<Syscalls[Name]>, unknown> {
  return (yield { name, args }) as ReturnType<Syscalls[Name]>
}

/**
 * Makes a system call whose failure the guest sees.
 *
 * @param ns - the guest's namespace
 * @param info - what the error says
 * @param name - which one
 * @param args - its arguments
 */
export function* attempt<Name extends SyscallName>(
  ns: Namespace,
  info: FileErrorOptions,
  name: Name,
  ...args: Parameters<Syscalls[Name]>
): Generator<SystemCall, ReturnType<Syscalls[Name]>, unknown> {
  try {
    return (yield { name, args }) as ReturnType<Syscalls[Name]>
  } catch (error) {
    throw fileError(ns, error, info)
  }
}

/** Waits for a promise. Only where the operation runs asynchronously. */
export function* settled<Result>(promise: PromiseLike<Result> | Result): Generator<Wait, Result, unknown> {
  return (yield { promise }) as Result
}

/**
 * Node's error for what a system call threw.
 *
 * @param ns - the guest's namespace
 * @param error - what was thrown; anything but an {@link Errno} is returned as it is
 * @param info - what the error says
 */
export function fileError(ns: Namespace, error: unknown, info: FileErrorOptions): unknown {
  const code = errnoOf(error)
  return code === undefined ? error : ns.errors.file(code, info)
}

/** The code of an {@link Errno}, also of one that came from another thread. */
export function errnoOf(error: unknown): ErrnoCode | undefined {
  return error instanceof Errno ? error.code : undefined
}

type AnySyscalls = Record<SyscallName, (...args: readonly unknown[]) => unknown>

/**
 * Runs an operation to its end.
 *
 * @param process - makes the system calls
 * @param operation - must not wait
 */
export function runSync<Result>(process: FileSystemProcess, operation: Operation<Result>): Result {
  const syscalls = process.sync as unknown as AnySyscalls
  let step = operation.next()
  while (step.done !== true) {
    const { name, args } = step.value as SystemCall
    let value: unknown
    try {
      value = syscalls[name](...args)
    } catch (error) {
      step = operation.throw(error)
      continue
    }
    step = operation.next(value)
  }
  return step.value
}

/**
 * Runs an operation, each system call in a turn of its own.
 *
 * @param process - makes the system calls
 * @param operation - what to run
 */
export async function runAsync<Result>(process: FileSystemProcess, operation: Operation<Result>): Promise<Result> {
  const syscalls = process.async as unknown as AnySyscalls
  let step = operation.next()
  while (step.done !== true) {
    const request = step.value
    let value: unknown
    try {
      value = await ('promise' in request ? request.promise : syscalls[request.name](...request.args))
    } catch (error) {
      step = operation.throw(error)
      continue
    }
    step = operation.next(value)
  }
  return step.value
}
