/** Operations on names: links, renaming, and what a name leads to. */
import { optionsOf } from './arguments.ts'
import { nodePath } from './natives.native.ts'
import { attempt, call, errnoOf, fileError } from './operation.ts'
import type { Operation } from './operation.ts'
import { read, readLink, writeLink } from './path-operation.ts'
import type { PathCall, PathOperation } from './path-operation.ts'
import { absolutePath, showName } from './paths.ts'

/** An operation from one path to another, without a result. */
function twoPaths(name: 'link' | 'rename'): PathOperation {
  return {
    name,
    paths: [writeLink, writeLink],
    rest: [],
    *run({ context, path, dest }) {
      const info = { syscall: name, path: path.shown, dest: dest.shown }
      yield* attempt(context.ns, info, name, path.absolute, dest.absolute)
    },
  }
}

const showText = (name: string): string => showName(name, 'utf8') as string

/**
 * The path without symbolic links, as Node's JavaScript finds it: the path is resolved lexically first, and an error
 * names the component that failed.
 *
 * @source Node 24 `lib/fs.js`, realpathSync
 */
function* walkedRealpath({ context, path, args: [options] }: PathCall): Operation<unknown> {
  const { ns } = context
  const resolved = nodePath.resolve('/', path.absolute === '' ? context.cwd() : path.absolute)
  const { encoding } = optionsOf(options)
  try {
    const found = yield* call('realpath', resolved)
    // Node reads links as text, and does not find what they lead to where they are none.
    if (found.isWellFormed()) return showName(found, encoding)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
  }
  let rest = resolved.split('/').slice(1)
  let base = ''
  while (rest.length > 0) {
    const previous = base
    base = `${base}/${rest[0]}`
    rest = rest.slice(1)
    const record = yield* attempt(ns, { syscall: 'lstat', path: base }, 'lstat', base)
    if ((record.mode & ns.personality.fs.S_IFMT) !== ns.personality.fs.S_IFLNK) continue
    yield* attempt(ns, { syscall: 'stat', path: base }, 'stat', base)
    const target = showText(yield* attempt(ns, { syscall: 'readlink', path: base }, 'readlink', base))
    rest = nodePath
      .resolve(
        '/',
        absolutePath(target, () => previous || '/'),
        rest.join('/'),
      )
      .split('/')
      .slice(1)
    base = ''
  }
  return showName(base === '' ? '/' : base, encoding)
}

function* directRealpath({ context, path, args: [options] }: PathCall): Operation<unknown> {
  try {
    return showName(yield* call('realpath', path.absolute), optionsOf(options).encoding)
  } catch (error) {
    throw fileError(context.ns, error, { syscall: 'realpath', path: path.shown })
  }
}

/** `realpath.native`, and `realpath` of `fs/promises`. */
export const nativeRealpath: PathOperation = {
  name: 'realpath',
  paths: [read],
  rest: ['options'],
  // The host resolves links that leave a bound directory.
  intentOf: () => undefined,
  run: directRealpath,
}

/** The operations of this family. */
export const nameOperations: readonly PathOperation[] = [
  twoPaths('rename'),
  twoPaths('link'),
  {
    name: 'symlink',
    paths: [{ ...writeLink, text: true }, writeLink],
    rest: ['linkType'],
    *run({ context, path: target, dest }) {
      const info = { syscall: 'symlink', path: target.shown, dest: dest.shown }
      yield* attempt(context.ns, info, 'symlink', target.absolute, dest.absolute)
    },
  },
  {
    name: 'unlink',
    paths: [writeLink],
    rest: [],
    *run({ context, path }) {
      yield* attempt(context.ns, { syscall: 'unlink', path: path.shown }, 'unlink', path.absolute)
    },
  },
  {
    name: 'readlink',
    paths: [readLink],
    rest: ['options'],
    *run({ context, path, args: [options] }) {
      const target = yield* attempt(context.ns, { syscall: 'readlink', path: path.shown }, 'readlink', path.absolute)
      return showName(target, optionsOf(options).encoding)
    },
  },
  {
    name: 'realpath',
    paths: [read],
    rest: ['options'],
    coerces: true,
    intentOf: () => undefined,
    run: (call) => (call.flavour === 'promise' ? directRealpath(call) : walkedRealpath(call)),
  },
]
