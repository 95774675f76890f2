/** Random steps of programs: each makes one call of `fs`, and can be made on any subject. */
import { constants } from 'node:fs'
import type { Dir, Dirent } from 'node:fs'
import * as fc from 'fast-check'
import type { AnyPath, PathArbitraries } from './paths.ts'
import { invoke, show } from './subject.ts'
import type { Flavour, Opened, Subject } from './subject.ts'

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOATIME, O_NOFOLLOW, O_SYNC, O_TRUNC, COPYFILE_EXCL } = constants

/** One step of a program. */
export interface Step {
  readonly text: string
  run(subject: Subject): unknown
}

/** How many files a program can have open. */
export const SLOTS = 3

/** A directory in that of programs of which their paths do not know. */
export const COPIES = 'copies'

/** A descriptor that is never open. */
const CLOSED = 1_000_000

const slot = fc.nat(SLOTS - 1)
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o777, 0o000, 0o444, 0o4755, 0o2755, 0o1777)
const id = fc.constantFrom(0, 1000, 65534, -1)
const seconds = fc.constantFrom(0, 1, 2.5, 17, 1000, 9999)
const size = fc.oneof(
  { weight: 20, arbitrary: fc.nat(20) },
  { weight: 1, arbitrary: fc.constantFrom(70_000, 1_100_000) },
)
const position = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.constantFrom(0, 3, 15) },
  { weight: 1, arbitrary: fc.constantFrom(100, 70_000) },
)
const text = fc.constantFrom('', 'x', 'hello', 'é\u{1f600}', '0123456789abcdef')
const data = fc.oneof(
  { weight: 12, arbitrary: text },
  { weight: 4, arbitrary: text.map((value) => Buffer.from(value)) },
  { weight: 1, arbitrary: fc.constantFrom(70_000, 600_000).map((length) => Buffer.alloc(length, 'large')) },
)
const bits = fc.constantFrom(0, 1, 2, 4, 6, 7)
const flavour: fc.Arbitrary<Flavour> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('sync' as const) },
  { weight: 2, arbitrary: fc.constant('callback' as const) },
  { weight: 2, arbitrary: fc.constant('promise' as const) },
)
const stringFlags = fc.constantFrom('r', 'r+', 'rs+', 'w', 'wx', 'w+', 'wx+', 'a', 'a+', 'ax', 'ax+', 'as')
const numberFlags = fc
  .tuple(
    fc.constantFrom(0, 1, 2),
    fc.subarray([O_CREAT, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW, O_DIRECTORY, O_SYNC, O_NOATIME], {
      maxLength: 4,
    }),
  )
  .map(([access, more]) => more.reduce((sum, flag) => sum | flag, access))
const flags = fc.oneof(stringFlags, numberFlags)
const writeFlag = fc.constantFrom(undefined, undefined, 'w', 'wx', 'a', 'ax', 'r+', 'a+')
const encoding = fc.constantFrom(undefined, 'utf8', 'buffer', 'hex', 'latin1')
const yes = fc.boolean()
const copyOptions = fc.record({
  recursive: fc.constantFrom(true, true, false),
  force: yes,
  errorOnExist: yes,
  preserveTimestamps: yes,
  verbatimSymlinks: yes,
  mode: fc.constantFrom(0, COPYFILE_EXCL),
})

const display = (value: unknown): string => {
  if (value instanceof Uint8Array)
    return value.length > 40 ? `${value.length} bytes` : `bytes ${show(Buffer.from(value).toString('latin1'))}`
  if (value instanceof URL) return `url ${value.href}`
  return typeof value === 'string' && value.length > 150 ? `${value.length} characters` : (show(value) ?? 'undefined')
}

type Arguments<Values extends readonly unknown[]> = { readonly [Index in keyof Values]: fc.Arbitrary<Values[Index]> }

function step<Values extends readonly unknown[]>(
  name: string,
  args: Arguments<Values>,
  run: (subject: Subject, how: Flavour, ...values: Values) => unknown,
): fc.Arbitrary<Step> {
  const values = fc.tuple(flavour, ...(args as unknown as fc.Arbitrary<unknown>[])) as unknown as fc.Arbitrary<
    [Flavour, ...Values]
  >
  return values.map(([how, ...rest]) => ({
    text: `${how} ${name}(${rest.map(display).join(', ')})`,
    run: (subject) => run(subject, how, ...(rest as unknown as Values)),
  }))
}

/** A call whose arguments are values. */
function call<Values extends readonly unknown[]>(name: string, ...args: Arguments<Values>): fc.Arbitrary<Step> {
  return step<Values>(name, args, (subject, how, ...values) => {
    let last = values.length
    while (last > 0 && values[last - 1] === undefined) last--
    return invoke(subject, how, name, values.slice(0, last))
  })
}

/** A call on what is open: on a descriptor by its export of `fs`, on a handle by its method. */
function onOpen<Values extends readonly unknown[]>(
  name: string,
  method: string,
  args: Arguments<Values>,
): fc.Arbitrary<Step> {
  return step<[number, ...Values]>(name, [slot, ...args] as never, (subject, how, index, ...values) =>
    useOpen(subject, how, index, name, method, values),
  )
}

function useOpen(
  subject: Subject,
  how: Flavour,
  index: number,
  name: string,
  method: string,
  values: unknown[],
): unknown {
  const opened = subject.open[index]
  if (typeof opened === 'object')
    return (opened as unknown as Record<string, (...rest: unknown[]) => unknown>)[method]!(...values)
  return invoke(subject, how === 'promise' ? 'callback' : how, name, [opened ?? CLOSED, ...values])
}

/** Reads or writes through what is open: the result in one form, with the bytes. */
function transfer(name: 'read' | 'readv' | 'write' | 'writev'): fc.Arbitrary<Step> {
  const isVector = name.endsWith('v')
  const isRead = name.startsWith('read')
  return step<[number, number | null, string | Uint8Array, number]>(
    name,
    [slot, position, data, size],
    async (subject, how, index, at, bytes, length) => {
      const view = isRead ? Buffer.alloc(Math.min(length, 100_000)) : Buffer.from(bytes as string)
      const views = isVector ? [view.subarray(0, view.length >> 1), view.subarray(view.length >> 1)] : view
      const rest = isVector ? [views, at] : [views, 0, view.length, at]
      const result = await useOpen(subject, how, index, name, name, rest)
      const count =
        typeof result === 'number'
          ? result
          : Array.isArray(result)
            ? (result[0] as number)
            : ((result as { bytesRead?: number }).bytesRead ?? (result as { bytesWritten?: number }).bytesWritten)
      return [count, view.length > 100 ? view.subarray(0, 100) : view]
    },
  )
}

async function close(subject: Subject, how: Flavour, index: number): Promise<unknown> {
  const opened = subject.open[index]
  subject.open[index] = undefined
  if (typeof opened === 'object') return opened.close()
  return invoke(subject, how === 'promise' ? 'callback' : how, 'close', [opened ?? CLOSED])
}

/** Lists a directory through a `Dir`, in the order of names: the system's own is undefined. */
async function listDir(subject: Subject, how: Flavour, path: AnyPath, recursive: boolean): Promise<unknown> {
  const dir = (await invoke(subject, how, 'opendir', [path, { recursive }])) as Dir
  const found: Dirent[] = []
  try {
    if (how === 'sync') for (let entry = dir.readSync(); entry !== null; entry = dir.readSync()) found.push(entry)
    else for (let entry = await dir.read(); entry !== null; entry = await dir.read()) found.push(entry)
  } catch (error) {
    throw recursive ? withoutPath(error) : error
  } finally {
    if (how === 'sync') dir.closeSync()
    else await dir.close()
  }
  const key = ({ parentPath, name }: Dirent): string => `${parentPath}/${name}`
  return [String(dir.path), found.sort((a, b) => (key(a) < key(b) ? -1 : 1))]
}

/** Leaves paths of bytes out. */
function textual(path: fc.Arbitrary<AnyPath>): fc.Arbitrary<AnyPath> {
  return path.filter((at) => !(at instanceof Uint8Array))
}

/** Above the directory of programs, as high as their links lead. */
const REACHABLE = '../../..'

/** How many links there are. Node follows them where it lists recursively: with two, that need not end. */
function countLinks(subject: Subject, directory: string): number {
  let links = 0
  for (const entry of subject.fs.readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) links += subject.fs.existsSync(path) ? countLinks(subject, path) : 0
    else if (entry.isSymbolicLink()) links++
  }
  return links
}

/**
 * Copies to where no link of a program leads: a directory that is copied into itself by way of one has no end. Only
 * what is no directory is copied over something, for the order in which a directory is copied is undefined.
 */
async function copyAside(
  subject: Subject,
  how: Flavour,
  from: AnyPath,
  name: string,
  options: object,
): Promise<unknown> {
  const to = `${COPIES}/${name}`
  const isDirectory = subject.fs.lstatSync(from, { throwIfNoEntry: false })?.isDirectory() === true
  const remove = (): void => subject.fs.rmSync(to, { recursive: true, force: true })
  if (isDirectory) remove()
  try {
    // The synchronous flavour has checks of its own, with errors that no other has.
    return await invoke(subject, how === 'sync' ? 'callback' : how, 'cp', [from, to, options])
  } catch (error) {
    if (!isDirectory) throw error
    remove()
    throw withoutPath(error)
  }
}

/** Of several entries that fail, which is the first is a matter of their order. */
function withoutPath(error: unknown): Error {
  const { code, syscall } = error as NodeJS.ErrnoException
  return Object.assign(new Error(`${code} ${syscall}`), { code, syscall })
}

/** The steps that make a tree: they give the same tree wherever they are made. */
export function makingSteps({ path, named, target }: PathArbitraries): fc.Arbitrary<Step>[] {
  return [
    call('mkdir', named, mode),
    call('mkdir', named, fc.constant({ recursive: true })),
    call('writeFile', path, data),
    call('writeFile', named, data, fc.record({ mode })),
    call('symlink', target, named),
    call('chmod', path, mode),
    call('utimes', path, seconds, seconds),
  ]
}

/** All steps. */
export function allSteps(paths: PathArbitraries): fc.Arbitrary<Step>[] {
  const { path, named, target } = paths
  return [
    ...makingSteps(paths),
    call('mkdir', path, fc.record({ recursive: yes, mode })),
    call('link', path, path),
    call('link', named, named),
    call('symlink', target, path),
    call('rename', path, path),
    call('rename', named, named),
    call('rename', named, named),
    call('unlink', path),
    call('unlink', named),
    call('rmdir', path),
    call('rmdir', named),
    call('rm', named, fc.record({ recursive: yes, force: yes })),
    call('readdir', path),
    call('readdir', path, fc.record({ withFileTypes: yes, encoding })),
    // Node's callback flavour throws where nobody can catch it when a path of bytes has entries.
    step<[AnyPath, boolean]>(
      'readdir recursive',
      [path.filter((at) => !(at instanceof Uint8Array)), yes],
      async (subject, how, at, withFileTypes) => {
        if (countLinks(subject, REACHABLE) > 1) return 'too many ways'
        const found = (await invoke(subject, how, 'readdir', [at, { recursive: true, withFileTypes }])) as unknown[]
        const key = (entry: unknown): string =>
          typeof entry === 'string' ? entry : `${(entry as Dirent).parentPath}/${(entry as Dirent).name}`
        return found.sort((a, b) => (key(a) < key(b) ? -1 : 1))
      },
    ),
    step<[AnyPath, boolean]>('opendir', [path, yes], listDir),
    call('stat', path),
    call('stat', path, fc.record({ bigint: yes, throwIfNoEntry: yes })),
    call('lstat', path),
    call('lstat', path, fc.record({ bigint: fc.constant(true) })),
    step<[AnyPath]>('exists', [path], (subject, how, at) =>
      how === 'sync' ? subject.fs.existsSync(at) : new Promise((resolve) => void subject.fs.exists(at, resolve)),
    ),
    call('access', path, bits),
    call('readlink', path),
    call('readlink', path, encoding),
    call('realpath', path),
    call('realpath', path, encoding),
    step<[AnyPath]>('realpath.native', [path], (subject, how, at) =>
      how === 'sync'
        ? subject.fs.realpathSync.native(at as string)
        : new Promise((resolve, reject) => {
            subject.fs.realpath.native(at as string, (error, result) =>
              error === null ? resolve(result) : reject(error),
            )
          }),
    ),
    call('chown', path, id, id),
    call('lchown', path, id, id),
    call('lutimes', path, seconds, seconds),
    call('truncate', path, size),
    call('readFile', path),
    call(
      'readFile',
      path,
      fc.record({
        encoding: fc.constantFrom('utf8', 'hex', 'latin1'),
        flag: fc.constantFrom(undefined, 'r', 'r+', 'a+', 'w+', 'ax+'),
      }),
    ),
    call('writeFile', path, data, fc.record({ flag: writeFlag, mode, flush: yes })),
    call('appendFile', path, data),
    call('appendFile', path, data, fc.record({ flag: writeFlag, mode })),
    call('copyFile', path, path, fc.constantFrom(undefined, undefined, COPYFILE_EXCL)),
    step<[AnyPath, string, object]>('cp', [textual(named), fc.constantFrom('a', 'b'), copyOptions], copyAside),
    step<[string]>(
      'mkdtemp',
      [fc.constantFrom('temporary-', 'a/temporary-', 'b/../temporary-')],
      async (subject, how, prefix) => {
        const made = (await invoke(subject, how, 'mkdtemp', [prefix])) as string
        const stats = subject.fs.statSync(made)
        // Its name is random.
        subject.fs.rmdirSync(made)
        return [made.slice(0, -6), stats]
      },
    ),
    step<[number, AnyPath, string | number, number]>(
      'open',
      [slot, path, flags, mode],
      async (subject, how, index, at, flag, bitsOfMode) => {
        if (subject.open[index] !== undefined) await close(subject, 'sync', index)
        subject.open[index] = (await invoke(subject, how, 'open', [at, flag, bitsOfMode])) as Opened
        return 'opened'
      },
    ),
    step<[number]>('close', [slot], close),
    transfer('read'),
    transfer('read'),
    transfer('write'),
    transfer('write'),
    transfer('readv'),
    transfer('writev'),
    onOpen('fstat', 'stat', [fc.constantFrom(undefined, { bigint: true })]),
    onOpen('ftruncate', 'truncate', [size]),
    onOpen('fchmod', 'chmod', [mode]),
    onOpen('fchown', 'chown', [id, id]),
    onOpen('futimes', 'utimes', [seconds, seconds]),
    onOpen('fsync', 'sync', []),
    onOpen('fdatasync', 'datasync', []),
    onOpen('readFile', 'readFile', []),
    onOpen('writeFile', 'writeFile', [data]),
    onOpen('appendFile', 'appendFile', [data]),
    step<[number, AnyPath]>('same inode', [slot, path], async (subject, how, index, at) => {
      const [a, b] = [await useOpen(subject, how, index, 'fstat', 'stat', []), subject.fs.statSync(at)]
      return (a as { ino: number }).ino === b.ino
    }),
  ]
}
