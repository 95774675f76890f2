/** Contents are read and written as Node does it, through paths, descriptors and handles. */
import { constants } from 'node:fs'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { everywhere, laterOutcome, outcome, threeWays } from './worlds.ts'

type AnyReadFile = (path: string, options: object, done: (error: Error | null) => void) => void

everywhere('whole files are written and read in every form', async ({ fs, promises, dir }) => {
  const path = `${dir}/file`
  const write = promisify(fs.writeFile)
  const seen: unknown[] = []
  const look = (): void => void seen.push(fs.readFileSync(path, 'utf8'))
  fs.writeFileSync(path, 'text')
  look()
  fs.writeFileSync(path, '68656c6c6f', 'hex')
  look()
  fs.writeFileSync(path, new Uint16Array([0x4141, 0x4242]))
  look()
  fs.appendFileSync(path, '+sync', { flush: true })
  await promises.appendFile(path, '+promise')
  await promisify(fs.appendFile)(path, Buffer.from('+callback'))
  look()
  await promises.writeFile(path, Readable.from(['a', 'b', 'c']))
  look()
  await promises.writeFile(path, ['x', Buffer.from('y')])
  look()
  await write(path, new DataView(new ArrayBuffer(3)))
  look()
  await write(path, 'flag', { flag: 'r+', mode: 0o600 })
  look()
  seen.push(
    fs.readFileSync(path),
    fs.readFileSync(path, 'base64'),
    await promises.readFile(path, { encoding: 'latin1' }),
  )
  seen.push(await promisify(fs.readFile)(path, { encoding: 'ucs2' }), fs.readFileSync(path, { flag: 'a+' }).length)
  return seen
})

everywhere('descriptors keep their position, and positional calls leave it', ({ fs, dir }) => {
  const fd = fs.openSync(`${dir}/file`, 'w+')
  const buffer = Buffer.alloc(8)
  // Not in the types of Node 24.
  const writeSync = fs.writeSync as unknown as (fd: number, view: Buffer, options: object) => number
  const seen: unknown[] = [
    fs.writeSync(fd, 'abcdef'),
    fs.writeSync(fd, 'XY', 2),
    fs.writeSync(fd, Buffer.from('12345'), 1, 2),
    writeSync(fd, Buffer.from('z'), { position: 0 }),
    fs.writeSync(fd, 'é', null, 'latin1'),
    fs.readSync(fd, buffer, 0, 8, 0),
    buffer.toString('latin1'),
    fs.readSync(fd, buffer),
    fs.readSync(fd, buffer, { offset: 2, length: 3, position: 1n }),
    buffer.toString('latin1'),
    fs.writevSync(fd, [Buffer.from('one'), Buffer.from('two')], 0),
    fs.readvSync(fd, [Buffer.alloc(2), buffer], 1),
    buffer.toString('latin1'),
    fs.readFileSync(fd, 'latin1'),
    fs.fstatSync(fd).size,
  ]
  fs.ftruncateSync(fd, 3)
  fs.ftruncateSync(fd, 5)
  seen.push(fs.readFileSync(`${dir}/file`, 'hex'))
  fs.fchmodSync(fd, 0o600)
  fs.futimesSync(fd, 10, 20)
  fs.fsyncSync(fd)
  fs.fdatasyncSync(fd)
  seen.push(fs.fstatSync(fd).mode, fs.fstatSync(fd).mtimeMs)
  fs.closeSync(fd)
  seen.push(
    outcome(() => fs.fstatSync(fd)),
    outcome(() => fs.closeSync(fd)),
    outcome(() => fs.readSync(fd, buffer)),
  )
  return seen
})

everywhere('callbacks of descriptors get what Node gives them', async ({ fs, dir }) => {
  const fd = await promisify(fs.open)(`${dir}/file`, 'w+', 0o600)
  const args = (call: (done: (...results: unknown[]) => void) => void): Promise<unknown[]> =>
    new Promise((resolve) => call((...results) => resolve(results)))
  const view = Buffer.from('hello')
  const seen: unknown[] = [
    await args((done) => fs.write(fd, 'text', done)),
    await args((done) => fs.write(fd, view, done)),
    await args((done) => fs.write(fd, view, 1, 2, 0, done)),
    await args((done) => fs.writev(fd, [view], done)),
    await args((done) => fs.read(fd, Buffer.alloc(4), 0, 4, 0, done)),
    await args((done) => fs.read(fd, { buffer: Buffer.alloc(3), position: 1 }, done)),
    await args((done) => fs.read(fd, Buffer.alloc(2), { position: 3 }, done)),
    await args((done) => fs.read(fd, Buffer.alloc(2), 0, 0, 0, done)),
    await args((done) => fs.readv(fd, [Buffer.alloc(2), Buffer.alloc(2)], 0, done)),
    await promisify(fs.read)(fd, Buffer.alloc(4), 0, 4, 0),
    await promisify(fs.write)(fd, Buffer.from('x')),
    await args((done) => fs.fstat(fd, (error, stats) => done(error, stats.size))),
    await args((done) => fs.ftruncate(fd, 2, done)),
    await args((done) => fs.close(fd, done)),
  ]
  const failed = await args((done) => fs.read(fd, Buffer.alloc(1), 0, 1, 0, done))
  seen.push([(failed[0] as Error).message, ...failed.slice(1)])
  return seen
})

everywhere('flags of open do what they do', ({ fs, dir }) => {
  const path = `${dir}/file`
  fs.writeFileSync(path, 'content')
  const flags = [
    'r',
    'r+',
    'rs',
    'a',
    'a+',
    'ax',
    'wx',
    'w+',
    constants.O_RDONLY | constants.O_DIRECTORY,
    constants.O_WRONLY | constants.O_APPEND,
  ]
  return flags.map((flag) => {
    const opened = outcome(() => typeof fs.openSync(path, flag)) as { value?: unknown }
    if (opened.value === undefined) return opened
    const fd = fs.openSync(path, typeof flag === 'string' ? flag.replace('x', '') : flag)
    const result = [
      outcome(() => fs.writeSync(fd, '+', 0)),
      outcome(() => fs.readSync(fd, Buffer.alloc(2), 0, 2, 0)),
      fs.readFileSync(path, 'utf8'),
    ]
    fs.closeSync(fd)
    return result
  })
})

everywhere('copyFile() copies content and mode', async (world) => {
  const { fs, dir } = world
  fs.writeFileSync(`${dir}/source`, 'content', { mode: 0o741 })
  fs.writeFileSync(`${dir}/target`, 'something that is longer')
  const seen = await threeWays(world, 'copyFile', `${dir}/source`, `${dir}/target`)
  fs.copyFileSync(`${dir}/source`, `${dir}/source`)
  fs.copyFileSync(`${dir}/source`, `${dir}/new`, constants.COPYFILE_EXCL)
  return [
    seen,
    fs.readFileSync(`${dir}/target`, 'utf8'),
    fs.readFileSync(`${dir}/source`, 'utf8'),
    fs.statSync(`${dir}/new`).mode,
  ]
})

everywhere('an aborted signal rejects before anything happens', async ({ fs, promises, dir }) => {
  const signal = AbortSignal.abort('why')
  return [
    await laterOutcome(() => promises.writeFile(`${dir}/file`, 'x', { signal })),
    await laterOutcome(() => promises.readFile(`${dir}/file`, { signal })),
    await laterOutcome(() => promisify(fs.readFile as AnyReadFile)(`${dir}/file`, { signal })),
    fs.existsSync(`${dir}/file`),
  ]
})

everywhere('a FileHandle does what Node’s does', async ({ fs, promises, dir }) => {
  const handle = await promises.open(`${dir}/file`, 'w+', 0o640)
  const seen: unknown[] = [
    handle.constructor.name,
    typeof handle.fd,
    await handle.write('hello'),
    await handle.write(Buffer.from('HELLO'), 1, 3, 0),
    await handle.write(Buffer.from('!!'), { position: 4 }),
    await handle.writev([Buffer.from('a'), Buffer.from('b')]),
    await handle.read(Buffer.alloc(4), 0, 4, 0),
    await handle.read({ buffer: Buffer.alloc(3), position: 1 }),
    await handle.read(Buffer.alloc(2), { position: 0 }),
    await handle.readv([Buffer.alloc(2), Buffer.alloc(1)], 0),
    (await handle.stat()).size,
    typeof (await handle.stat({ bigint: true })).size,
    await handle.truncate(3),
    await handle.appendFile('+more'),
    await handle.chmod(0o600),
    await handle.utimes(1, 2),
    await handle.sync(),
    await handle.datasync(),
    fs.readFileSync(`${dir}/file`, 'hex'),
    await handle.close(),
    handle.fd,
    await laterOutcome(() => handle.read(Buffer.alloc(1))),
    await handle.close(),
  ]
  await using reader = await promises.open(`${dir}/file`)
  seen.push(await reader.readFile('utf8'), await reader.readFile())
  seen.push(await promises.readFile(reader, 'utf8'), await laterOutcome(() => reader.write('x')))
  seen.push(
    await laterOutcome(() => reader.read(Buffer.alloc(0), 0, 1, 0)),
    await laterOutcome(() => reader.chmod('x')),
  )
  return seen
})

everywhere('a FileHandle gives lines and streams', async ({ fs, promises, dir }) => {
  fs.writeFileSync(`${dir}/file`, 'one\ntwo\nthree')
  const lines: string[] = []
  const handle = await promises.open(`${dir}/file`)
  for await (const line of handle.readLines()) lines.push(line)
  const streamed = await promises.open(`${dir}/file`)
  const chunks: unknown[] = []
  for await (const chunk of streamed.createReadStream({ start: 2, end: 5 })) chunks.push(String(chunk))
  const web = await promises.open(`${dir}/file`)
  const text: string[] = []
  for await (const chunk of web.readableWebStream()) text.push(Buffer.from(chunk as Uint8Array).toString())
  await web.close()
  const writer = await promises.open(`${dir}/out`, 'w')
  const stream = writer.createWriteStream()
  await new Promise((resolve) => stream.end('written', () => void stream.on('close', () => resolve(undefined))))
  return [lines, chunks, text, fs.readFileSync(`${dir}/out`, 'utf8'), streamed.fd, writer.fd]
})
