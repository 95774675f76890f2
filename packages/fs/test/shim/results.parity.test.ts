/** Results are Node's own objects, and say what Node's say. */
import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { everywhere, laterOutcome, outcome, threeWays } from './worlds.ts'

everywhere('stats are Node’s, in class, properties and their order', async ({ fs, promises, dir }) => {
  fs.writeFileSync(`${dir}/file`, 'content', { mode: 0o640 })
  const all = [fs.statSync(`${dir}/file`), await promises.stat(`${dir}/file`), await promisify(fs.stat)(`${dir}/file`)]
  const big = [fs.statSync(`${dir}/file`, { bigint: true }), await promises.stat(`${dir}/file`, { bigint: true })]
  return [...all, ...big].map((stats) => ({
    isStats: stats instanceof fs.Stats,
    keys: Object.keys(stats),
    class: stats.constructor.name,
    types: Object.values(stats).map((value) => typeof value),
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    size: stats.size,
    mode: stats.mode,
    nlink: stats.nlink,
    atime: stats.atime instanceof Date,
  }))
})

everywhere('times are kept to the nanosecond', ({ fs, dir }) => {
  fs.writeFileSync(`${dir}/file`, '')
  const times = [
    [1, 2],
    [1_700_000_000.123, 1.5],
    [new Date(5000), '12.25'],
    [0, 4_000_000_000],
  ] as const
  return times.map(([atime, mtime]) => {
    fs.utimesSync(`${dir}/file`, atime, mtime)
    const { atimeNs, mtimeNs, atimeMs, mtimeMs } = fs.statSync(`${dir}/file`, { bigint: true })
    return [atimeNs, mtimeNs, atimeMs, mtimeMs, fs.statSync(`${dir}/file`).mtimeMs]
  })
})

everywhere('throwIfNoEntry: false makes a missing file undefined', async ({ fs, dir }) => [
  fs.statSync(`${dir}/missing`, { throwIfNoEntry: false }),
  fs.lstatSync(`${dir}/missing/x`, { throwIfNoEntry: false }),
])

everywhere('readdir() gives names and entries in every encoding', async (world) => {
  const { fs, dir } = world
  fs.mkdirSync(`${dir}/a/b/c`, { recursive: true })
  for (const name of ['é', 'f', 'a/g', 'a/b/h']) fs.writeFileSync(`${dir}/${name}`, '')
  fs.symlinkSync('a', `${dir}/link`)
  const options = [
    undefined,
    'utf8',
    'buffer',
    'hex',
    { withFileTypes: true },
    { recursive: true },
    { withFileTypes: true, recursive: true },
  ]
  const sorted = (value: unknown): unknown =>
    Array.isArray(value)
      ? value
          .flat()
          .map((entry: unknown) => {
            if (!(entry instanceof fs.Dirent)) return String(entry)
            const { name, parentPath } = entry
            return [
              name,
              parentPath,
              entry.isFile(),
              entry.isDirectory(),
              entry.isSymbolicLink(),
              ...Object.keys(entry),
            ].join()
          })
          .toSorted()
      : value
  const seen: unknown[] = []
  for (const option of options) {
    const ways = await threeWays(world, 'readdir', dir, ...(option === undefined ? [] : [option]))
    for (const way of Object.values(ways))
      seen.push(sorted((way as { value?: unknown[] }).value?.filter((item) => item !== null)))
  }
  return seen
})

everywhere('strings, bytes and URLs are the same path', async ({ fs, promises, dir }) => {
  const path = `${dir}/ü %`
  fs.writeFileSync(path, 'content')
  const paths = [path, Buffer.from(path), pathToFileURL(path)]
  const seen: unknown[] = []
  for (const each of paths) {
    seen.push(
      fs.readFileSync(each, 'utf8'),
      await promises.readFile(each, 'utf8'),
      fs.existsSync(each),
      fs.statSync(each).size,
    )
  }
  return seen
})

everywhere('names that are not UTF-8 survive', ({ fs, dir }) => {
  const name = Buffer.from([0x66, 0xff, 0xfe, 0x6f])
  const path = Buffer.concat([Buffer.from(`${dir}/`), name])
  fs.writeFileSync(path, 'content')
  fs.symlinkSync(name, `${dir}/link`)
  return [
    fs.readdirSync(dir, 'buffer').map(String),
    fs.readdirSync(dir, 'hex'),
    fs.readdirSync(dir),
    fs.readFileSync(path, 'utf8'),
    fs.readlinkSync(`${dir}/link`, 'buffer'),
    fs.readlinkSync(`${dir}/link`),
    fs.readFileSync(`${dir}/link`, 'utf8'),
    fs.realpathSync.native(`${dir}/link`, 'buffer'),
    outcome(() => fs.readFileSync(Buffer.concat([path, Buffer.from('x')]))),
  ]
})

everywhere('realpath() follows links in every flavour', async (world) => {
  const { fs, dir } = world
  fs.mkdirSync(`${dir}/a/b`, { recursive: true })
  fs.writeFileSync(`${dir}/a/b/file`, '')
  fs.symlinkSync('a/b', `${dir}/link`)
  fs.symlinkSync(`${dir}/link`, `${dir}/absolute`)
  const paths = [`${dir}/link/file`, `${dir}/absolute/../link`, `${dir}/a//b/./file`]
  const seen: unknown[] = []
  for (const path of paths) {
    seen.push(
      await threeWays(world, 'realpath', path),
      outcome(() => fs.realpathSync.native(path)),
    )
    seen.push(await laterOutcome(() => promisify(fs.realpath.native)(path)))
  }
  return seen
})

everywhere('mkdir() tells the first directory that it made', async (world) => {
  const { fs, promises, dir } = world
  world.chdir(dir)
  fs.mkdirSync(`${dir}/there`)
  const callback = promisify(fs.mkdir) as (path: string, options: object) => Promise<string | undefined>
  return [
    fs.mkdirSync(`${dir}/there/a/b/c`, { recursive: true }),
    fs.mkdirSync(`${dir}/there/a/b/c`, { recursive: true }),
    fs.mkdirSync('relative/x/', { recursive: true }),
    await promises.mkdir('relative/y/z', { recursive: true }),
    await callback('other/./y/../w', { recursive: true }),
    fs.mkdirSync('single'),
    fs.mkdirSync('mode', 0o700),
    fs.statSync('mode').mode,
    fs.readdirSync('.', { recursive: true }).toSorted(),
  ]
})

everywhere('mkdtemp() makes a private directory', async ({ fs, promises, dir }) => {
  const paths = [
    fs.mkdtempSync(`${dir}/a-`),
    await promises.mkdtemp(`${dir}/b-`),
    await promisify(fs.mkdtemp)(`${dir}/c-`),
  ]
  for (const path of paths) assert.match(path, /\/[abc]-[A-Za-z0-9]{6}$/)
  return paths.map((path) => [path.slice(0, -6), fs.statSync(path).mode])
})

everywhere('statfs() gives numbers or BigInts', async ({ fs, promises, dir }) => {
  const all = [fs.statfsSync(dir), await promises.statfs(dir), fs.statfsSync(dir, { bigint: true })]
  return all.map((result) => [
    result.constructor.name,
    Object.entries(result).map(([key, value]) => [key, typeof value]),
  ])
})

everywhere('exists() answers, and can be promisified', async ({ fs, dir }) => [
  fs.existsSync(dir),
  fs.existsSync(`${dir}/missing`),
  fs.existsSync('a\0b'),
  await promisify(fs.exists)(dir),
  await new Promise((resolve) => void fs.exists(`${dir}/missing`, resolve)),
])

everywhere('openAsBlob() gives the content', async ({ fs, dir }) => {
  fs.writeFileSync(`${dir}/file`, 'content')
  const blob = await fs.openAsBlob(`${dir}/file`, { type: 'text/plain' })
  return [blob.size, blob.type, await blob.text(), await blob.slice(1, 3).text()]
})

everywhere('functions have Node’s names and lengths', ({ fs, promises }) =>
  [fs, promises].map((exports) =>
    Object.entries(exports)
      .filter(([, value]) => typeof value === 'function')
      .map(([key, value]) => [key, (value as () => void).name, (value as () => void).length]),
  ),
)
