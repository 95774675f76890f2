import { host, original } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import type { Guest } from '../host/guest.ts'
import { listChanges } from './report-changes.ts'
import { openLayerTarget } from './write-layers.native.ts'

/** What is to become of what a program has changed. */
export interface ChangesRequest {
  /** Lists them. */
  readonly diff?: boolean
  /** A file of the host for the list as JSON; `-` for stdout. */
  readonly diffJson?: string
  /** A directory or an archive of the host for the changed files. */
  readonly commit?: string
}

/**
 * Prepares to keep what a program changes.
 *
 * @param request - what is to become of it
 * @returns keeps it, when the program has ended
 * @throws {VisorError} VISOR_OPTION_INVALID when it cannot be written where it is to go
 */
export function prepareToKeep(request: ChangesRequest): (guest: Guest) => Promise<void> {
  const { diff, diffJson, commit } = request
  const target = commit === undefined ? undefined : openLayerTarget(commit)
  return async (guest) => {
    try {
      const changes = await guest.fs.diff()
      if (diffJson !== undefined) writeJson(diffJson, `${JSON.stringify(changes, null, 2)}\n`)
      if (diff === true) host.process.stderr.write(listChanges(changes, host.process.stderr))
      if (target !== undefined) await target.write(await guest.fs.snapshot())
    } catch (cause) {
      if (cause instanceof VisorError && cause.code !== 'VISOR_GUEST_ENDED') throw cause
      const why = cause instanceof VisorError ? 'the program was ended by force' : (cause as Error).message
      throw new VisorError('VISOR_GUEST_ENDED', `What the program changed is lost: ${why}`, { cause })
    }
  }
}

function writeJson(file: string, text: string): void {
  if (file === '-') host.process.stdout.write(text)
  else original('fs').writeFileSync(file, text)
}
