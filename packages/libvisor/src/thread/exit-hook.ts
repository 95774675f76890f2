import { apply } from '@libvisor/abi'

/**
 * Calls a function when a process has told all listeners of its `exit`: after them, whenever they were added.
 *
 * @param process - of this thread
 * @param hear - called once, or more often when a listener fails
 */
export function afterExitListeners(process: NodeJS.Process, hear: () => void): void {
  const emit = process.emit as (...args: unknown[]) => boolean
  // Between the process and the emitter: programs replace the method on the process itself.
  Object.defineProperty(Object.getPrototypeOf(process), 'emit', {
    value: {
      emit(this: NodeJS.Process, ...args: unknown[]): boolean {
        try {
          return apply(emit, this, args)
        } finally {
          if (args[0] === 'exit' && this === process) hear()
        }
      },
    }.emit,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}
