/** Streams and directories are Node's own, and events and callbacks come when they come in Node. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { everywhere, laterOutcome, outcome } from './worlds.ts'
import type { World } from './worlds.ts'

/** The events of a stream until it has closed. */
function eventsOf(stream: NodeJS.EventEmitter, names: readonly string[]): Promise<unknown[]> {
  const seen: unknown[] = []
  for (const name of names) {
    stream.on(name, (value: unknown) => {
      const shown = value instanceof Error ? value.message : typeof value === 'number' ? 'number' : value
      seen.push([name, Buffer.isBuffer(shown) ? shown.toString() : shown])
    })
  }
  return new Promise((resolve) => void stream.on('close', () => resolve(seen)))
}

const READ_EVENTS = ['open', 'ready', 'data', 'end', 'error', 'close']
const WRITE_EVENTS = ['open', 'ready', 'finish', 'error', 'close']

everywhere('a read stream gives what Node’s gives, in the same order', async ({ fs, dir }) => {
  fs.writeFileSync(`${dir}/file`, 'abcdefghij')
  const options = [
    undefined,
    'utf8',
    { start: 2, end: 5 },
    { highWaterMark: 3 },
    { encoding: 'hex', start: 8 },
    { start: 20 },
  ] as const
  const seen: unknown[] = []
  for (const option of options) {
    const stream = fs.createReadStream(`${dir}/file`, option)
    seen.push(
      stream instanceof fs.ReadStream,
      stream.path,
      stream.pending,
      await eventsOf(stream, READ_EVENTS),
      stream.bytesRead,
    )
  }
  seen.push(
    await eventsOf(fs.createReadStream(`${dir}/missing`), READ_EVENTS),
    await eventsOf(fs.createReadStream(dir), READ_EVENTS),
  )
  seen.push(
    outcome(() => fs.createReadStream(1 as never)),
    outcome(() => fs.createReadStream('x', { start: 2, end: 1 })),
  )
  return seen
})

everywhere('a write stream writes as Node’s does', async ({ fs, dir }) => {
  const path = `${dir}/file`
  const seen: unknown[] = []
  for (const option of [
    undefined,
    { flags: 'a' },
    { flags: 'r+', start: 2 },
    { encoding: 'hex' as const },
    { flush: true, mode: 0o600 },
  ]) {
    const stream = fs.createWriteStream(path, option)
    const events = eventsOf(stream, WRITE_EVENTS)
    stream.write('6162')
    stream.end('6364')
    seen.push(stream instanceof fs.WriteStream, await events, stream.bytesWritten, fs.readFileSync(path, 'utf8'))
  }
  seen.push(await eventsOf(fs.createWriteStream(`${dir}/missing/x`), WRITE_EVENTS))
  await pipeline(Readable.from([Buffer.alloc(100_000, 'x'), 'end']), fs.createWriteStream(path))
  await pipeline(fs.createReadStream(path), fs.createWriteStream(`${dir}/copy`))
  return [...seen, fs.statSync(`${dir}/copy`).size]
})

everywhere('streams can be subclassed, called without new, and made over descriptors', async ({ fs, dir }) => {
  fs.writeFileSync(`${dir}/file`, 'content')
  class Loud extends fs.ReadStream {
    loud = true
  }
  const loud = new (Loud as unknown as new (path: string) => Loud)(`${dir}/file`)
  const fd = fs.openSync(`${dir}/file`, 'r')
  const call = fs.ReadStream as unknown as (path: string) => NodeJS.ReadableStream
  return [
    loud instanceof fs.ReadStream,
    loud.loud,
    await eventsOf(loud, READ_EVENTS),
    await eventsOf(call(`${dir}/file`), READ_EVENTS),
    await eventsOf(fs.createReadStream('', { fd, start: 3 }), READ_EVENTS),
    outcome(() => fs.fstatSync(fd)),
  ]
})

everywhere('a directory is read in every way', async ({ fs, promises, dir }) => {
  fs.mkdirSync(`${dir}/a/b`, { recursive: true })
  for (const name of ['a/x', 'a/b/y', 'z']) fs.writeFileSync(`${dir}/${name}`, '')
  const seen: unknown[] = []
  const show = ({ name, parentPath }: { name: string; parentPath: string }, isDirectory: boolean): string =>
    `${parentPath}:${name}:${isDirectory}`
  for (const options of [undefined, { bufferSize: 1 }, { recursive: true }]) {
    const names: string[] = []
    for await (const entry of await promises.opendir(dir, options)) names.push(show(entry, entry.isDirectory()))
    const sync = fs.opendirSync(dir, options)
    for (let entry = sync.readSync(); entry !== null; entry = sync.readSync())
      names.push(show(entry, entry.isDirectory()))
    sync.closeSync()
    seen.push(
      names.toSorted(),
      sync.path,
      sync instanceof fs.Dir,
      outcome(() => sync.readSync()),
      await laterOutcome(() => sync.close()),
    )
  }
  const dirs = await promises.opendir(dir)
  const first = new Promise((resolve) => dirs.read((error, entry) => resolve([error, typeof entry?.name])))
  seen.push(await first, typeof (await dirs.read())?.name, await dirs.read(), await dirs.close())
  return seen
})

/** The order in which things happen that are started together. */
function orderOf(start: (happened: (what: string) => () => void) => Promise<unknown>): Promise<string[]> {
  const order: string[] = []
  return start((what) => () => void order.push(what)).then(() => order)
}

everywhere(
  'callbacks come after what is pending, and never in the turn that started them',
  async ({ fs, promises, dir }: World) => {
    fs.writeFileSync(`${dir}/file`, 'x')
    for (const kind of ['callback', 'promise'] as const) {
      const order = await orderOf(
        (happened) =>
          new Promise((resolve) => {
            const done = (): void => (happened('done')(), resolve(undefined))
            if (kind === 'callback') fs.stat(`${dir}/file`, done)
            else void promises.stat(`${dir}/file`).then(done)
            process.nextTick(happened('tick'))
            queueMicrotask(happened('microtask'))
            happened('started')()
          }),
      )
      assert.deepEqual(order.slice(0, 3).toSorted(), ['microtask', 'started', 'tick'])
      assert.equal(order.at(-1), 'done')
    }
  },
)

everywhere('what a callback throws is an uncaught exception', async ({ fs, dir }) => {
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  try {
    const caught = new Promise((resolve) => void process.once('uncaughtException', resolve))
    fs.stat(dir, () => {
      throw new Error('mine')
    })
    return String(await caught)
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
})
