/**
 * The shapes of what users pass in. Loaded only where configuration is read, since zod takes longer to load than most
 * programs take to start.
 */
import { z } from 'zod'
import { VisorError } from '@libvisor/core'

const port = z.int().min(0).max(65535)
const guestPort = z.int().min(1).max(65535)
const absolutePath = z.string().startsWith('/', { error: 'must be an absolute path of the guest' })

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, { error: 'must be a host name: letters, digits, "-", "_" and "."' })
  .max(253)

const publish = z
  .record(z.string(), guestPort)
  .refine((ports) => Object.keys(ports).every((key) => port.safeParse(Number(key)).success), {
    error: 'must have ports of the host (0 to 65535) as its keys',
  })

const address = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IPv4 or IPv6 address' })

const publishRules = z
  .array(z.strictObject({ guestPort, hostPort: port.optional(), hostAddress: address.optional() }))
  .readonly()

const names = z.array(z.string().min(1, { error: 'must not be empty' })).readonly()
const executables = z.union([z.boolean(), names], { error: 'must be true, false or a list of names of executables' })
const egress = z.union([z.boolean(), names], {
  error: 'must be true, false or a list of destinations such as "example.com:443"',
})

const zone = z.string().refine(
  (value) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: value })
      return true
    } catch {
      return false
    }
  },
  { error: 'must be an IANA time zone such as "Europe/Berlin"' },
)

const momentError = {
  error: 'must be a Date, milliseconds since the epoch, or a string such as "2030-01-01T00:00:00Z"',
}
const moment = z
  .union([z.date(), z.number(), z.string()], momentError)
  .refine((value) => !Number.isNaN(new Date(value).getTime()), momentError)

const mount = z.looseObject(
  {
    kind: z.string(),
    mode: z.enum(['ro', 'rw']).optional(),
    sizeBytes: z.int().min(0).optional(),
    inodes: z.int().min(1).optional(),
  },
  { error: 'must be a mount: memory(), hostDir(), overlay(), …' },
)

const namespaceShape = {
  fs: z.record(absolutePath, mount).optional(),
  net: z
    .strictObject({
      publish: z
        .union([publishRules, publish], {
          error: 'must be ports of the guest by port of the host, { 8081: 3000 }, or a list of { guestPort, hostPort }',
        })
        .optional(),
      publishAll: z.boolean().optional(),
      egress: egress.optional(),
      aliases: z.array(name).readonly().optional(),
      hosts: z.record(z.string(), address).optional(),
    })
    .optional(),
  process: z
    .strictObject({
      env: z.record(z.string(), z.string().optional()).optional(),
      cwd: absolutePath.optional(),
      hostname: name.optional(),
      uid: z.int().min(0).optional(),
      gid: z.int().min(0).optional(),
      execArgv: z.array(z.string()).readonly().optional(),
      maxOpenFiles: z.int().min(3, { error: 'must be at least 3, for the standard streams' }).optional(),
      exec: executables.optional(),
      addons: z.boolean().optional(),
    })
    .optional(),
  time: z
    .strictObject({
      mode: z.enum(['manual', 'real']).optional(),
      start: moment.optional(),
      offsetMs: z.number().optional(),
      zone: zone.optional(),
    })
    .optional(),
  random: z
    .strictObject({ seed: z.union([z.number(), z.string()], { error: 'must be a number or a string' }).optional() })
    .optional(),
}

const namespaceOptions = z.strictObject({ name: name.optional(), ...namespaceShape })

const guestOptions = z.strictObject({
  name,
  entry: z.union([z.string().min(1), z.instanceof(URL)], { error: 'must be a path or a URL of a file' }),
  args: z.array(z.string()).readonly().optional(),
  isolation: z.enum(['context', 'thread']).optional(),
  placement: z.strictObject({ thread: z.int().min(1).optional(), group: z.string().min(1).optional() }).optional(),
  restart: z.enum(['no', 'on-thread-loss']).optional(),
  keepFiles: z.boolean().optional(),
  stdio: z.enum(['inherit', 'pipe']).optional(),
  stdin: z.boolean().optional(),
  ...namespaceShape,
})

const hostOptions = z.strictObject({
  volumes: z
    .strictObject({
      directory: z.string().startsWith('/', { error: 'must be an absolute path of the host' }).optional(),
    })
    .optional(),
  control: z.boolean().optional(),
  links: z
    .array(
      z.strictObject({
        between: z.tuple([z.string(), z.string()]),
        link: z.union([
          z.string(),
          z.strictObject({
            delayMs: z.number().nonnegative().optional(),
            jitterMs: z.number().nonnegative().optional(),
            bitsPerSecond: z.number().min(1).optional(),
            dropPercent: z.number().min(0).max(100).optional(),
            refuse: z.boolean().optional(),
            seed: z.number().optional(),
          }),
        ]),
        oneWay: z.boolean().optional(),
      }),
    )
    .optional(),
  pool: z
    .strictObject({
      threads: z.int().min(1).optional(),
      maxGuestsPerThread: z.int().min(1).optional(),
      memoryLimitMb: z.number().positive().optional(),
      stallMs: z.number().positive().optional(),
      stallLimitMs: z.number().positive().optional(),
      onStall: z.function().optional(),
      cacheDirectory: z.string().startsWith('/', { error: 'must be an absolute path of the host' }).optional(),
    })
    .optional(),
})

/** What can be checked, by what messages call it. */
const schemas = {
  'options of a namespace': namespaceOptions,
  'options of a guest': guestOptions,
  'options of a host': hostOptions,
}

/**
 * Takes off the global object what zod notes there for other copies of itself: a program whose process this becomes would see it.
 * What has been loaded does not need it.
 */
export function hideFromGlobals(): void {
  for (const name of ['__zod_globalConfig', '__zod_globalRegistry']) Reflect.deleteProperty(globalThis, name)
}

/**
 * Checks what a user passed in.
 *
 * @param what - which shape it must have
 * @param value - the value
 * @throws {VisorError} VISOR_CONFIG_INVALID naming the first property that is wrong, and its value
 */
export function checkShape(what: keyof typeof schemas, value: unknown): void {
  const result = schemas[what].safeParse(value)
  if (result.success) return
  const issue = findIssue(result.error.issues)
  const path = issue?.path.map(String) ?? []
  if (issue?.code === 'unrecognized_keys') {
    const name = [...path, issue.keys[0]].join('.')
    throw new VisorError('VISOR_CONFIG_INVALID', `There is no '${name}' in the ${what}`, { cause: result.error })
  }
  const where = path.length === 0 ? `The ${what}` : `'${path.join('.')}' in the ${what}`
  // A key of a record that is wrong has issues of its own; for all others it is the value that is wrong.
  const isKey = issue?.code === 'invalid_key'
  const found = isKey
    ? path.at(-1)
    : path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value)
  const why = (isKey ? issue.issues[0]?.message : issue?.message) ?? 'not valid'
  throw new VisorError('VISOR_CONFIG_INVALID', `${where} is ${describe(found)}: ${why}`, { cause: result.error })
}

/** What is wrong first. Of alternatives it is the one that the user has chosen, where his value tells which. */
function findIssue(
  issues: readonly z.core.$ZodIssue[],
  above: readonly PropertyKey[] = [],
): z.core.$ZodIssue | undefined {
  const [issue] = issues
  if (issue === undefined) return undefined
  const path = [...above, ...issue.path]
  if (issue.code === 'invalid_union') {
    const chosen = issue.errors.find(
      ([inner]) => inner !== undefined && (inner.path.length > 0 || inner.code === 'custom'),
    )
    if (chosen !== undefined) return findIssue(chosen, path)
  }
  return { ...issue, path }
}

/** A value as messages show it. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === undefined) return 'missing'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
