/** How a guest ended, as a parent learns it of a child process. */
export interface ExitStatus {
  /** The exit code, or `null` where a signal ended the guest. */
  readonly code: number | null
  /** The signal that ended the guest, or `null`. */
  readonly signal: NodeJS.Signals | null
}
