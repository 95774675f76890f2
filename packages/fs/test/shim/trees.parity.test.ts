/** Trees are listed, copied, removed, searched and watched as Node does it. */
import { once } from 'node:events'
import type { Dirent } from 'node:fs'
import { promisify } from 'node:util'
import { everywhere, laterOutcome, outcome, threeWays } from './worlds.ts'
import type { World } from './worlds.ts'

function plant({ fs, dir }: World): void {
  fs.mkdirSync(`${dir}/tree/a/b`, { recursive: true })
  fs.mkdirSync(`${dir}/tree/.hidden`)
  for (const name of ['a/x.js', 'a/b/y.ts', 'z.js', '.hidden/h.js']) fs.writeFileSync(`${dir}/tree/${name}`, name)
  fs.chmodSync(`${dir}/tree/z.js`, 0o751)
  fs.symlinkSync('a/b', `${dir}/tree/link`)
  fs.symlinkSync('nowhere', `${dir}/tree/dangling`)
}

function listing({ fs, dir }: World, name: string): unknown[] {
  return fs
    .readdirSync(`${dir}/${name}`, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`
      const stats = fs.lstatSync(path)
      const content = stats.isSymbolicLink()
        ? fs.readlinkSync(path)
        : stats.isFile()
          ? fs.readFileSync(path, 'utf8')
          : ''
      return `${path} ${stats.mode} ${content}`
    })
    .toSorted()
}

const copies = [
  { recursive: true },
  { recursive: true, verbatimSymlinks: true },
  { recursive: true, filter: (source: string) => !source.endsWith('.ts') },
  { recursive: true, preserveTimestamps: true },
]

for (const [index, options] of copies.entries()) {
  everywhere(`cp() copies a tree (${index + 1})`, async (world) => {
    plant(world)
    const { fs, promises, dir } = world
    fs.cpSync(`${dir}/tree`, `${dir}/sync/deep`, options)
    await promises.cp(`${dir}/tree`, `${dir}/promise`, options)
    await promisify(fs.cp as (from: string, to: string, options: object, done: (error: Error | null) => void) => void)(
      `${dir}/tree`,
      `${dir}/callback`,
      options,
    )
    return ['sync', 'promise', 'callback'].map((name) => listing(world, name))
  })
}

everywhere('cp() refuses what cannot be copied', async (world) => {
  plant(world)
  const { fs, promises, dir } = world
  fs.writeFileSync(`${dir}/file`, '')
  const calls: [string, string, object][] = [
    [`${dir}/tree`, `${dir}/file`, { recursive: true }],
    [`${dir}/file`, `${dir}/tree`, {}],
    [`${dir}/tree`, `${dir}/new`, {}],
    [`${dir}/tree`, `${dir}/tree/a/new`, { recursive: true }],
    [`${dir}/file`, `${dir}/tree/z.js`, { force: false, errorOnExist: true }],
    [`${dir}/file`, `${dir}/file`, {}],
    [`${dir}/missing`, `${dir}/new`, {}],
  ]
  const seen: unknown[] = []
  for (const [from, to, options] of calls) {
    seen.push(await laterOutcome(() => promises.cp(from, to, options)))
    seen.push((outcome(() => fs.cpSync(from, to, options)) as { error?: { code: string } }).error?.code)
  }
  return seen
})

everywhere('rm() removes a tree, and links without what they lead to', async (world) => {
  const { fs, promises, dir } = world
  const seen: unknown[] = []
  for (const flavour of ['sync', 'promise', 'callback'] as const) {
    plant(world)
    fs.symlinkSync(`${dir}/tree`, `${dir}/to-tree`)
    const remove = async (path: string): Promise<void> => {
      if (flavour === 'sync') fs.rmSync(path, { recursive: true })
      else if (flavour === 'promise') await promises.rm(path, { recursive: true })
      else
        await promisify(fs.rm as (path: string, options: object, done: (error: Error | null) => void) => void)(path, {
          recursive: true,
        })
    }
    await remove(`${dir}/to-tree`)
    seen.push(fs.readdirSync(dir), fs.existsSync(`${dir}/tree/a/b/y.ts`))
    await remove(`${dir}/tree`)
    seen.push(fs.readdirSync(dir))
  }
  seen.push(
    fs.rmSync(`${dir}/missing`, { force: true }),
    await threeWays(world, 'rm', `${dir}/missing`, { force: true }),
  )
  return seen
})

const patterns = [
  '*',
  '**',
  '**/*',
  '**/*.js',
  'a/*',
  './*',
  '**/.*',
  '{a,z}*',
  'link/*',
  '**/b/**',
  '../tree/*.js',
  '*/',
  'nothing',
]

everywhere('readdir() lists all below directories whose names are not UTF-8', async ({ fs, promises, dir, chdir }) => {
  const name = (...parts: readonly (number | string)[]): Buffer =>
    Buffer.concat([
      Buffer.from(`${dir}/`),
      ...parts.map((part) => Buffer.from(typeof part === 'string' ? part : [part])),
    ])
  for (const path of [name('a'), name('a/', 0xff), name('a/', 0xff, '/b')]) fs.mkdirSync(path)
  fs.writeFileSync(name('a/', 0xff, '/b/file'), '')
  fs.symlinkSync(name(0xff), name('a/', 0xff, '/dangling'))
  fs.symlinkSync('a', `${dir}/link`)
  chdir(dir)
  const show = (value: unknown): string =>
    Buffer.isBuffer(value) ? `bytes ${value.toString('latin1')}` : String(value).replaceAll(dir, 'DIR')
  const seen: string[] = []
  for (const base of [dir, '.', './a/./', 'link', Buffer.from('a')]) {
    for (const encoding of ['utf8', 'buffer', 'hex'] as const) {
      for (const withFileTypes of [false, true]) {
        const options = { recursive: true, encoding, withFileTypes } as { recursive: true; withFileTypes: true }
        for (const list of [() => fs.readdirSync(base, options), () => promises.readdir(base, options)]) {
          try {
            const found: readonly unknown[] = await list()
            const shown = found.map((entry) => {
              if (!withFileTypes) return show(entry)
              const { name, parentPath } = entry as Dirent
              return `${show(parentPath)} ${show(name)} ${(entry as Dirent).isDirectory()}`
            })
            seen.push(...shown.toSorted())
          } catch (error) {
            seen.push(show((error as Error).message))
          }
        }
      }
    }
  }
  return seen
})

everywhere('realpath() reads links as text', async (world) => {
  const { fs, dir } = world
  fs.writeFileSync(Buffer.concat([Buffer.from(`${dir}/x`), Buffer.from([0xe9])]), '')
  fs.symlinkSync(Buffer.from([0x78, 0xe9]), `${dir}/link`)
  const seen: unknown[] = []
  for (const path of [`${dir}/link`, `${dir}/link/a`, `${dir}/link/..`])
    seen.push(await threeWays(world, 'realpath', path))
  return seen
})

everywhere('glob() finds what Node finds', async (world) => {
  plant(world)
  const { fs, promises, dir } = world
  const cwd = `${dir}/tree`
  const collect = async (found: AsyncIterable<string>): Promise<string[]> => {
    const names: string[] = []
    for await (const name of found) names.push(name)
    return names.toSorted()
  }
  const seen: unknown[] = []
  for (const pattern of patterns) {
    seen.push(fs.globSync(pattern, { cwd }).toSorted(), await collect(promises.glob(pattern, { cwd })))
    seen.push(fs.globSync(pattern, { cwd, exclude: ['a/**'] }).toSorted())
    seen.push(fs.globSync(pattern, { cwd, exclude: (name) => name === 'b' }).toSorted())
    seen.push(
      fs
        .globSync(`${cwd}/${pattern}`, { withFileTypes: true })
        .map(({ name, parentPath }) => `${parentPath} ${name}`)
        .toSorted(),
    )
  }
  return seen
})

everywhere('a watcher tells of changes until it is closed', async ({ fs, dir }) => {
  fs.writeFileSync(`${dir}/file`, '')
  const watcher = fs.watch(dir)
  const told = once(watcher, 'change')
  fs.writeFileSync(`${dir}/file`, 'changed')
  // Whether the last change of the file before the watching is told of, too, is up to the kernel.
  const [, name] = (await told) as [string, string]
  watcher.close()
  await once(watcher, 'close')
  return [name, watcher.constructor.name, outcome(() => fs.watch(`${dir}/missing`))]
})

everywhere('an iterator of changes ends with its signal', async ({ fs, promises, dir }) => {
  fs.writeFileSync(`${dir}/file`, '')
  const controller = new AbortController()
  const seen: unknown[] = []
  const watching = (async () => {
    for await (const { eventType, filename } of promises.watch(`${dir}/file`, { signal: controller.signal })) {
      seen.push([eventType, filename])
      controller.abort()
    }
  })()
  const writing = setInterval(() => fs.appendFileSync(`${dir}/file`, 'x'), 20)
  const ended = await laterOutcome(() => watching)
  clearInterval(writing)
  return [seen.length > 0, ended]
})

everywhere('watchFile() tells of a file now and before', async ({ fs, dir }) => {
  const path = `${dir}/file`
  fs.writeFileSync(path, 'x')
  // How often the host looks, and whether it does in the middle of a write, is up to the host.
  const told = new Promise<unknown>((resolve) => {
    fs.watchFile(path, { interval: 20 }, (now, before) => {
      if (now.size === 6) resolve([now instanceof fs.Stats, before instanceof fs.Stats, now.mtimeMs > before.mtimeMs])
    })
  })
  const writing = setInterval(() => fs.writeFileSync(path, 'longer'), 50)
  const result = await told
  clearInterval(writing)
  fs.unwatchFile(path)
  return result
})
