import { slots } from '@libvisor/core'
import type * as os from 'node:os'
import type { Account } from '../state/accounts.ts'
import { accountFiles } from './credential-members.ts'
import type { MemberContext } from './members.ts'

/** The functions of `os` that a namespace sees differently. */
export type GuestOs = Pick<
  typeof os,
  'getPriority' | 'homedir' | 'hostname' | 'networkInterfaces' | 'setPriority' | 'tmpdir' | 'uptime' | 'userInfo'
>

const isInt32 = (value: unknown): value is number => typeof value === 'number' && (value | 0) === value

type Primitive = () => number | string

/** Node lets some of its functions stand for their results: `${os.hostname}`. */
function withPrimitive<F extends Primitive>(fn: F): F {
  Object.defineProperty(fn, Symbol.toPrimitive, {
    value: () => fn(),
    writable: true,
    enumerable: true,
    configurable: true,
  })
  return fn
}

/**
 * Makes the part of `os` that tells about the guest. The rest (processors, memory, load, the kernel's name) is the
 * host's.
 *
 * @param context - the namespace and what it is made of
 * @param originals - `os` as it was, for its checks of arguments
 * @returns the functions
 * @source Node 24 `lib/os.js`, libuv `src/unix/core.c`: uv_os_homedir, uv_os_tmpdir
 */
export function createOs(context: MemberContext, originals: typeof os): GuestOs {
  const { ns, identity, state } = context
  const { accounts } = accountFiles(context)

  const systemError = (code: 'ENOENT' | 'ESRCH', syscall: string): Error => {
    const [number, text] = ns.personality.errno[code]
    const message = `A system error occurred: ${syscall} returned ${code} (${text})`
    const error = ns.errors.coded('Error', 'ERR_SYSTEM_ERROR', message)
    Object.defineProperty(error, 'name', { value: 'SystemError', writable: true, configurable: true })
    return Object.assign(error, { info: { errno: -number, code, message: text, syscall }, errno: -number, syscall })
  }

  const account = (): Account => {
    const found = state.account ?? accounts().find((entry) => entry.uid === identity.realUid)
    if (found === undefined) throw systemError('ENOENT', 'uv_os_get_passwd')
    return found
  }

  let priority = 0

  /** Whether a number of a process means this one: the only one there is. */
  const isSelf = (pid: number): boolean => pid === 0 || pid === identity.pid

  return {
    hostname: withPrimitive(() => identity.hostname),

    homedir: withPrimitive(() => {
      const { HOME } = state.env
      return HOME !== undefined && HOME !== '' ? HOME : account().homedir
    }),

    tmpdir: withPrimitive(() => {
      const { TMPDIR, TMP, TEMP } = state.env
      const path = TMPDIR || TMP || TEMP || '/tmp'
      return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    }),

    uptime: withPrimitive(() => {
      const uptimeNs = ns.find(slots.clock)?.machineUptimeNs?.()
      // In hundredths, as the kernel tells it.
      return uptimeNs === undefined ? originals.uptime() : Number(uptimeNs / 10_000_000n) / 100
    }),

    userInfo: ((options?: { encoding?: string } | null): unknown => {
      const { username, homedir, shell } = account()
      const asBuffer = typeof options === 'object' && options?.encoding === 'buffer'
      const text = (value: string): unknown => (asBuffer ? Buffer.from(value) : value)
      // No prototype, and the order of properties that Node has.
      return Object.assign(Object.create(null), {
        uid: identity.realUid,
        gid: identity.realGid,
        username: text(username),
        homedir: text(homedir),
        shell: shell === null ? null : text(shell),
      })
    }) as typeof os.userInfo,

    networkInterfaces(): NodeJS.Dict<os.NetworkInterfaceInfo[]> {
      const interfaces: Record<string, object[]> = {}
      for (const [name, addresses] of Object.entries(state.interfaces)) {
        interfaces[name] = addresses.map((address) => ({ ...address }))
      }
      return interfaces as NodeJS.Dict<os.NetworkInterfaceInfo[]>
    },

    getPriority(pid?: number): number {
      if (isInt32(pid) && !isSelf(pid)) throw systemError('ESRCH', 'uv_os_getpriority')
      return pid === undefined || isSelf(pid) ? priority : originals.getPriority(pid)
    },

    setPriority: ((pid: number, value?: number): void => {
      const target = value === undefined ? 0 : pid
      const wanted = value === undefined ? pid : value
      const valid = isInt32(target) && isInt32(wanted) && wanted >= -20 && wanted <= 19
      // What is not valid fails there.
      if (!valid) return originals.setPriority(target, wanted)
      if (!isSelf(target)) throw systemError('ESRCH', 'uv_os_setpriority')
      priority = wanted
    }) as typeof os.setPriority,
  }
}
