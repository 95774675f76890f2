import { VisorError } from '@libvisor/core'

/** What a command line's error ends the process with, as with `docker run` and `npx`: 2 is ours, the rest the guest's. */
export const USAGE_EXIT_CODE = 2

/**
 * The lines that tell the user of the command line what is wrong and what to do.
 *
 * @param error - what was thrown
 * @returns lines for stderr; an error that is not a {@link VisorError} is a bug, and keeps its stack
 */
export function describeError(error: unknown): string {
  if (!(error instanceof VisorError))
    return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
  const hint = error.hint === undefined ? '' : `  ${error.hint}\n`
  return `visor: ${error.message}\n${hint}`
}
