/**
 * The shapes of what users pass in. Loaded only where configuration is read, and made of zod's small edition: what is loaded of it is what is
 * used, and a program of its own process starts with the heap that this leaves behind.
 */
import { en } from 'zod/locales'
import * as z from 'zod/mini'
import { VisorError } from '@libvisor/core'

z.config(en())

const atLeast = (least: number, error?: string): z.ZodMiniNumber =>
  z.int().check(z.minimum(least, error === undefined ? undefined : { error }))
const notEmpty = (error?: string): z.ZodMiniString =>
  z.string().check(z.minLength(1, error === undefined ? undefined : { error }))
const pathOf = (whose: string): z.ZodMiniString =>
  z.string().check(z.startsWith('/', { error: `must be an absolute path of the ${whose}` }))

const port = atLeast(0).check(z.maximum(65535))
const guestPort = atLeast(1).check(z.maximum(65535))
const absolutePath = pathOf('guest')

const name = z
  .string()
  .check(
    z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, { error: 'must be a host name: letters, digits, "-", "_" and "."' }),
    z.maxLength(253),
  )

const publish = z.record(z.string(), guestPort).check(
  z.refine((ports) => Object.keys(ports).every((key) => port.safeParse(Number(key)).success), {
    error: 'must have ports of the host (0 to 65535) as its keys',
  }),
)

const address = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IPv4 or IPv6 address' })

const publishRules = z.readonly(
  z.array(z.strictObject({ guestPort, hostPort: z.optional(port), hostAddress: z.optional(address) })),
)

const names = z.readonly(z.array(notEmpty('must not be empty')))
const executables = z.union([z.boolean(), names], { error: 'must be true, false or a list of names of executables' })
const egress = z.union([z.boolean(), names], {
  error: 'must be true, false or a list of destinations such as "example.com:443"',
})

const zone = z.string().check(
  z.refine(
    (value) => {
      try {
        new Intl.DateTimeFormat('en', { timeZone: value })
        return true
      } catch {
        return false
      }
    },
    { error: 'must be an IANA time zone such as "Europe/Berlin"' },
  ),
)

const momentError = {
  error: 'must be a Date, milliseconds since the epoch, or a string such as "2030-01-01T00:00:00Z"',
}
const moment = z
  .union([z.date(), z.number(), z.string()], momentError)
  .check(z.refine((value) => !Number.isNaN(new Date(value).getTime()), momentError))

const mount = z.looseObject(
  {
    kind: z.string(),
    mode: z.optional(z.enum(['ro', 'rw'])),
    sizeBytes: z.optional(atLeast(0)),
    inodes: z.optional(atLeast(1)),
  },
  { error: 'must be a mount: memory(), hostDir(), overlay(), …' },
)

const strings = z.readonly(z.array(z.string()))
const positive = z.number().check(z.positive())

const namespaceShape = {
  fs: z.optional(z.record(absolutePath, mount)),
  net: z.optional(
    z.strictObject({
      publish: z.optional(
        z.union([publishRules, publish], {
          error: 'must be ports of the guest by port of the host, { 8081: 3000 }, or a list of { guestPort, hostPort }',
        }),
      ),
      publishAll: z.optional(z.boolean()),
      egress: z.optional(egress),
      aliases: z.optional(z.readonly(z.array(name))),
      hosts: z.optional(z.record(z.string(), address)),
    }),
  ),
  process: z.optional(
    z.strictObject({
      env: z.optional(z.record(z.string(), z.optional(z.string()))),
      cwd: z.optional(absolutePath),
      hostname: z.optional(name),
      uid: z.optional(atLeast(0)),
      gid: z.optional(atLeast(0)),
      execArgv: z.optional(strings),
      maxOpenFiles: z.optional(atLeast(3, 'must be at least 3, for the standard streams')),
      exec: z.optional(executables),
      addons: z.optional(z.boolean()),
    }),
  ),
  time: z.optional(
    z.strictObject({
      mode: z.optional(z.enum(['manual', 'real'])),
      start: z.optional(moment),
      offsetMs: z.optional(z.number()),
      zone: z.optional(zone),
    }),
  ),
  random: z.optional(
    z.strictObject({
      seed: z.optional(z.union([z.number(), z.string()], { error: 'must be a number or a string' })),
    }),
  ),
}

const namespaceOptions = z.strictObject({ name: z.optional(name), ...namespaceShape })

const guestOptions = z.strictObject({
  name,
  entry: z.union([notEmpty(), z.instanceof(URL)], { error: 'must be a path or a URL of a file' }),
  args: z.optional(strings),
  isolation: z.optional(z.enum(['context', 'thread'])),
  placement: z.optional(z.strictObject({ thread: z.optional(atLeast(1)), group: z.optional(notEmpty()) })),
  restart: z.optional(z.enum(['no', 'on-thread-loss'])),
  keepFiles: z.optional(z.boolean()),
  stdio: z.optional(z.enum(['inherit', 'pipe'])),
  stdin: z.optional(z.boolean()),
  ...namespaceShape,
})

const link = z.union([
  z.string(),
  z.strictObject({
    delayMs: z.optional(z.number().check(z.nonnegative())),
    jitterMs: z.optional(z.number().check(z.nonnegative())),
    bitsPerSecond: z.optional(z.number().check(z.minimum(1))),
    dropPercent: z.optional(z.number().check(z.minimum(0), z.maximum(100))),
    refuse: z.optional(z.boolean()),
    seed: z.optional(z.number()),
  }),
])

const hostOptions = z.strictObject({
  volumes: z.optional(z.strictObject({ directory: z.optional(pathOf('host')) })),
  control: z.optional(z.boolean()),
  links: z.optional(
    z.array(z.strictObject({ between: z.tuple([z.string(), z.string()]), link, oneWay: z.optional(z.boolean()) })),
  ),
  pool: z.optional(
    z.strictObject({
      threads: z.optional(atLeast(1)),
      maxGuestsPerThread: z.optional(atLeast(1)),
      memoryLimitMb: z.optional(positive),
      stallMs: z.optional(positive),
      stallLimitMs: z.optional(positive),
      onStall: z.optional(z.function()),
      cacheDirectory: z.optional(pathOf('host')),
    }),
  ),
})

const joinRequest = z.strictObject({ name, aliases: names })

/** What can be checked, by what messages call it. */
const schemas = {
  'options of a namespace': namespaceOptions,
  'options of a guest': guestOptions,
  'options of a host': hostOptions,
  'request to join a network': joinRequest,
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
