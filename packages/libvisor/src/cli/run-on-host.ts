import { host, linux } from '@libvisor/abi'
import type { GuestOptions } from '../config/guest-options.ts'
import type { Guest } from '../host/guest.ts'
import { createHost } from '../host/host.ts'
import { describeError } from './report-error.ts'

/** Signals that the user of a command line and the terminal send, and that are the guest's to handle. */
const forwarded: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGWINCH']

/**
 * Runs a program in a thread of this process, alone or in a context, and ends the process as the program ended.
 *
 * @param options - the program
 * @param atEnd - looks at what the program has left behind. @defaultValue nobody does
 */
export async function runOnHost(options: GuestOptions, atEnd?: (guest: Guest) => Promise<void>): Promise<void> {
  const { process } = host
  // Whoever waits at the command line sees for himself that a program takes its time.
  const visor = await createHost({ control: true, pool: { threads: 1, onStall: () => {} } })
  const guest = await visor.spawn(options)
  for (const signal of forwarded) process.on(signal, () => guest.kill(signal))
  const { code, signal } = await guest.exited
  process.exitCode = signal === null ? (code ?? 0) : 128 + linux.signals[signal as keyof typeof linux.signals]
  for (const name of forwarded) process.removeAllListeners(name)
  try {
    await atEnd?.(guest)
  } catch (error) {
    // How the program ended says more than this does, unless all went well.
    process.stderr.write(describeError(error))
    process.exitCode ||= 1
  } finally {
    await visor[Symbol.asyncDispose]()
  }
}
