import type { LinkRule } from '../host/host-network.ts'

/** A thread of the pool that has not returned to its event loop for long. */
export interface Stall {
  /** Which thread of the pool, from 1. */
  readonly thread: number
  /** The guest whose code was entered last, which is the one that does not return; `undefined` when nobody's was. */
  readonly guest: string | undefined
  /** For how long. @units milliseconds */
  readonly stalledMs: number
  /** How long it may. @units milliseconds */
  readonly limitMs: number
  /** `noticed`: it is only told. `ended`: the limit has been reached, and the thread has been ended with that guest. */
  readonly action: 'ended' | 'noticed'
  /** The other guests of the thread. Of a thread that has been ended, those that are started again elsewhere. */
  readonly others: readonly string[]
}

/** The threads in which guests in contexts run. */
export interface PoolOptions {
  /** How many there may be. Each starts when it is first needed. @defaultValue the number of cores */
  readonly threads?: number
  /** @defaultValue no limit */
  readonly maxGuestsPerThread?: number
  /** The heap that all guests of a thread share. @units mebibytes @defaultValue Node's own limit */
  readonly memoryLimitMb?: number
  /** How long a thread may not return to its event loop before that is told. @units milliseconds @defaultValue 5000 */
  readonly stallMs?: number
  /**
   * How long a thread may not return to its event loop before it is ended, with the guest that holds it up. The others are started
   * again elsewhere.
   * @units milliseconds
   * @defaultValue no limit
   */
  readonly stallLimitMs?: number
  /** Hears of stalls. @defaultValue a process warning with the code `VISOR_STALL` */
  readonly onStall?: (stall: Stall) => void
  /** A directory of the host in which compiled code is kept between runs. @defaultValue it is kept in memory */
  readonly cacheDirectory?: string
}

/** How a host is made. */
export interface HostOptions {
  /** Where the volumes of guests are. */
  readonly volumes?: {
    /** A directory of the host; made when it is needed. @defaultValue `visor/volumes` in the user's data: `$XDG_DATA_HOME` or `~/.local/share` */
    readonly directory?: string
  }
  /** Whether other processes of the same user can look at it with `visor inspect`. @defaultValue false */
  readonly control?: boolean
  /** Links between guests that are slow, lossy or refuse. Later ones: `host.network.link()`. @defaultValue all are perfect */
  readonly links?: readonly LinkRule[]
  /** @defaultValue those of {@link PoolOptions} */
  readonly pool?: PoolOptions
}

/** The options of a pool, every default resolved. */
export type PoolSpec = Required<Omit<PoolOptions, 'cacheDirectory' | 'memoryLimitMb'>> &
  Pick<PoolOptions, 'cacheDirectory' | 'memoryLimitMb'>

/**
 * Resolves every default of a pool. The options have been checked.
 *
 * @param options - what the user asked for
 * @param host - how many cores there are, and what hears of stalls where the user does not
 * @returns plain data
 */
export function resolvePool(
  options: PoolOptions,
  host: { readonly cores: number; onStall(stall: Stall): void },
): PoolSpec {
  return Object.freeze({
    threads: host.cores,
    maxGuestsPerThread: Infinity,
    stallMs: 5000,
    stallLimitMs: Infinity,
    onStall: host.onStall,
    ...options,
  })
}

/**
 * What a stall is told as.
 *
 * @param stall - the stall
 * @returns a sentence
 */
export function describeStall({ thread, guest, stalledMs, action, others }: Stall): string {
  const who = guest === undefined ? 'Something' : `The guest '${guest}'`
  const seconds = (stalledMs / 1000).toFixed(1)
  const text = `${who} has kept thread ${thread} from its event loop for ${seconds} s`
  if (action === 'noticed') return others.length === 0 ? text : `${text}: ${others.length} other guests wait`
  const again = others.length === 0 ? '' : `; started again elsewhere: ${others.join(', ')}`
  return `${text} and was ended${again}`
}
