/** The command was called in a way that cannot work. Its message is for the user; the command exits with 2. */
export class UsageError extends Error {
  override get name(): string {
    return 'UsageError'
  }
}
