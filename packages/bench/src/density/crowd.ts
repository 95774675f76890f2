/** What a crowd is made of. */
export type Kind = 'process' | 'worker' | 'thread' | 'context' | 'watt'

/** What each kind is called in tables. */
export const kindNames: Readonly<Record<Kind, string>> = {
  process: 'node process',
  worker: 'worker thread',
  watt: 'watt',
  thread: 'visor thread',
  context: 'visor context',
}

/** A guest of a crowd, once it has answered its first request. */
export interface CrowdMember {
  /** Where the host reaches it, or `undefined` where it shares its crowd's only port. */
  readonly port: number | undefined
  /** From the wish to have it until its first answer. @units milliseconds */
  readonly startMs: number
}

/** Many guests that run one program, as alike as their kind lets them be. */
export interface Crowd extends AsyncDisposable {
  /** Starts a further guest and sends it a request. */
  add(): Promise<CrowdMember>
  /** The proportional set of all processes that there are for the crowd. @units MB */
  memory(): number
}

/** How a crowd is made. */
export interface CrowdOptions {
  readonly kind: Kind
  /** The path of the program that every guest runs. */
  readonly program: string
  /** A directory in whose `node_modules` Watt is installed. */
  readonly watt: string | undefined
}
