import { once } from 'node:events'
import fs from 'node:fs'
import { text } from 'node:stream/consumers'
import { create } from '@platformatic/vfs'
import { createFsFromVolume, Volume } from 'memfs'
import { describe, expect, it } from 'vitest'
import { createHost, createNamespace, memory, nodeFs, overlay, volume } from 'libvisor'
import type { Guest, GuestOptions, Host, Isolation, MountSpec } from 'libvisor'
import { temporaryDirectory } from '@libvisor/testkit'

/** A guest whose program exists in memory only, with something mounted at `/data`. */
const program = (name: string, data: MountSpec, source: string, isolation: Isolation): GuestOptions => ({
  name,
  isolation,
  entry: '/app/main.mjs',
  fs: { '/app': memory({ 'main.mjs': source }), '/data': data },
})

/** Runs a guest to its end. @returns what it printed */
async function run(host: Host, options: GuestOptions): Promise<string> {
  const guest = await host.spawn(options)
  const [output, errors] = await Promise.all([text(guest.stdout), text(guest.stderr)])
  expect(errors).toBe('')
  return output
}

/** What a guest prints next. */
const line = async (guest: Guest): Promise<string> => {
  const [chunk] = (await once(guest.stdout, 'data')) as [Buffer]
  return String(chunk)
}

describe.each(['thread', 'context'] as const)('with isolation %s', (isolation) => {
  it('a volume outlives its guests and the host, and is found by its name', async () => {
    using directory = temporaryDirectory()
    const volumes = { directory: directory.resolve('volumes') }
    {
      await using host = await createHost({ volumes })
      const write = `import { writeFileSync } from 'node:fs'; writeFileSync('/data/kept', 'by ' + process.pid)`
      await run(host, program('writer', volume('data'), write, isolation))
      expect(await (await host.volumes.list()).map(({ name }) => name)).toEqual(['data'])
    }
    await using host = await createHost({ volumes })
    const read = `import { readFileSync } from 'node:fs'; console.log(readFileSync('/data/kept', 'utf8'))`
    expect(await run(host, program('reader', volume('data'), read, isolation))).toBe('by 1\n')
    expect(fs.readFileSync(directory.resolve('volumes/data/_data/kept'), 'utf8')).toBe('by 1')
  })

  it('two guests share a volume, and one hears what the other writes', async () => {
    using directory = temporaryDirectory()
    await using host = await createHost({ volumes: { directory: directory.path } })
    const watch = `
      import { watch, readFileSync } from 'node:fs'
      const watcher = watch('/data', (type, name) => {
        if (name !== 'message' || readFileSync('/data/message', 'utf8') === '') return
        console.log('heard', readFileSync('/data/message', 'utf8'))
        watcher.close()
      })
      console.log('watching')`
    const watcher = await host.spawn(program('watcher', volume('shared'), watch, isolation))
    expect(await line(watcher)).toBe('watching\n')
    const heard = line(watcher)
    const write = `import { writeFileSync } from 'node:fs'; writeFileSync('/data/message', 'hello')`
    await run(host, program('writer', volume('shared'), write, isolation))
    expect(await heard).toBe('heard hello\n')
  })

  it('a volume that is mounted read-only is EROFS to one guest, and to the other not', async () => {
    using directory = temporaryDirectory()
    await using host = await createHost({ volumes: { directory: directory.path } })
    const write = `
      import { writeFileSync } from 'node:fs'
      try { writeFileSync('/data/file', 'x'); console.log('written') } catch ({ code }) { console.log(code) }`
    expect(await run(host, program('reader', volume('data', { mode: 'ro' }), write, isolation))).toBe('EROFS\n')
    expect(await run(host, program('writer', volume('data'), write, isolation))).toBe('written\n')
  })

  it('a volume with a limit is full for all its guests together', async () => {
    using directory = temporaryDirectory()
    await using host = await createHost({ volumes: { directory: directory.path } })
    const fill = `
      import fs from 'node:fs'
      const fd = fs.openSync('/data/' + process.env.HOSTNAME, 'w')
      const count = fs.writeSync(fd, Buffer.alloc(20_000))
      let code
      try { fs.writeSync(fd, Buffer.alloc(20_000)) } catch (error) { code = error.code }
      console.log(count, code, fs.statfsSync('/data').bavail * fs.statfsSync('/data').bsize)`
    const limited = volume('limited', { sizeBytes: 32 * 1024 })
    expect(await run(host, program('first', limited, fill, isolation))).toBe('20000 undefined 0\n')
    await expect(host.volumes.inspect('limited')).resolves.toMatchObject({ sizeBytes: 32 * 1024 })
    const full = `import fs from 'node:fs'; try { fs.writeFileSync('/data/x', 'x') } catch ({ code }) { console.log(code) }`
    expect(await run(host, program('second', volume('limited'), full, isolation))).toBe('ENOSPC\n')
    const empty = `import fs from 'node:fs'; fs.rmSync('/data/first'); fs.writeFileSync('/data/x', 'x'); console.log('ok')`
    expect(await run(host, program('third', volume('limited'), empty, isolation))).toBe('ok\n')
  })

  it('a volume cannot be removed while a guest has it mounted', async () => {
    using directory = temporaryDirectory()
    await using host = await createHost({ volumes: { directory: directory.path } })
    const wait = `setInterval(() => {}, 1000)`
    const guest = await host.spawn(
      program('user', overlay({ lower: volume('base'), upper: memory() }), wait, isolation),
    )
    await host.volumes.create('unused')
    await expect(host.volumes.remove('base')).rejects.toMatchObject({ code: 'VISOR_VOLUME_IN_USE' })
    expect(await host.volumes.prune()).toEqual(['unused'])
    guest.kill('SIGKILL')
    await guest.exited
    await host.volumes.remove('base')
    expect(fs.existsSync(directory.resolve('base'))).toBe(false)
    await expect(host.volumes.remove('base')).rejects.toMatchObject({ code: 'VISOR_VOLUME_NOT_FOUND' })
  })

  it('a volume of memfs, or another object with the functions of node:fs, is shared with the guest', async () => {
    await using host = await createHost()
    const files = Volume.fromJSON({ '/shared/greeting': 'hello' })
    const source = `
      import fs from 'node:fs'
      import { readFile } from 'node:fs/promises'
      fs.appendFileSync('/data/greeting', ' from the guest')
      console.log(await readFile('/data/greeting', 'utf8'), fs.readdirSync('/data'))
      fs.mkdirSync('/data/made/deep', { recursive: true })`
    const mounted = nodeFs(createFsFromVolume(files), { path: '/shared' })
    expect(await run(host, program('guest', mounted, source, isolation))).toBe("hello from the guest [ 'greeting' ]\n")
    expect(files.readFileSync('/shared/greeting', 'utf8')).toBe('hello from the guest')
    expect(files.statSync('/shared/made/deep').isDirectory()).toBe(true)

    const vfs = create({ moduleHooks: false })
    vfs.writeFileSync('/greeting', 'hello')
    const other = program('other', nodeFs(vfs), source, isolation)
    expect(await run(host, other)).toBe("hello from the guest [ 'greeting' ]\n")
    expect(vfs.readFileSync('/greeting', 'utf8')).toBe('hello from the guest')
  })

  it('modules can be loaded from an object', async () => {
    await using host = await createHost()
    const files = Volume.fromJSON({ '/lib/index.mjs': 'export const value = 42' })
    const source = `import { value } from '/data/lib/index.mjs'; console.log(value)`
    expect(await run(host, program('guest', nodeFs(files), source, isolation))).toBe('42\n')
  })

  it("/proc and /dev are the guest's own, and tell what process and os tell", async () => {
    await using host = await createHost()
    const source = `
      import fs from 'node:fs'
      import os from 'node:os'
      const read = (path) => fs.readFileSync(path, 'utf8')
      const status = Object.fromEntries(read('/proc/self/status').split('\\n').map((row) => row.split(':\\t')))
      console.log(JSON.stringify({
        pid: Number(status.Pid) === process.pid && fs.readlinkSync('/proc/self') === '1',
        uid: Number(status.Uid.split('\\t')[0]) === process.getuid(),
        umask: parseInt(status.Umask, 8) === process.umask(),
        hostname: read('/proc/sys/kernel/hostname').trim() === os.hostname(),
        exe: fs.readlinkSync('/proc/self/exe') === process.execPath,
        cwd: fs.readlinkSync('/proc/self/cwd') === process.cwd(),
        cmdline: read('/proc/self/cmdline').split('\\0').slice(1, -1).join() === process.argv.slice(1).join(),
        environ: read('/proc/self/environ').includes('SECRET=guest\\0') && !read('/proc/self/environ').includes('VITEST'),
        cpus: read('/proc/cpuinfo').match(/^processor/gm).length === os.cpus().length,
        memory: Number(/MemTotal: +(\\d+)/.exec(read('/proc/meminfo'))[1]) * 1024 === os.totalmem(),
        uptime: Math.abs(Number(read('/proc/uptime').split(' ')[0]) - os.uptime()) < 5,
        fd: fs.readdirSync('/dev/fd').join() === '0,1,2',
        null: fs.statSync('/dev/null').isCharacterDevice(),
        files: /^Max open files +100 /m.test(read('/proc/self/limits')),
      }))`
    const options = program('api', memory(), source, isolation)
    const output = await run(host, { ...options, process: { env: { SECRET: 'guest' }, maxOpenFiles: 100 } })
    const told = JSON.parse(output) as Record<string, boolean>
    expect(Object.entries(told).filter(([, agrees]) => !agrees)).toEqual([])
  })

  it('has no more descriptors than it may', async () => {
    await using host = await createHost()
    const source = `
      import fs from 'node:fs'
      const open = []
      try { for (;;) open.push(fs.openSync('/dev/null')) } catch ({ code, syscall }) { console.log(open.length, code, syscall) }
      fs.closeSync(open.pop())
      fs.openSync('/dev/null')`
    const options = program('guest', memory(), source, isolation)
    expect(await run(host, { ...options, process: { maxOpenFiles: 20 } })).toBe('17 EMFILE open\n')
  })
})

describe('a namespace of this thread', () => {
  it('has objects mounted as they are', () => {
    const files = Volume.fromJSON({ '/greeting': 'hello' })
    using ns = createNamespace({ fs: { '/data': nodeFs(files), '/fixed': nodeFs(files, { mode: 'ro' }) } })
    ns.run(() => fs.writeFileSync('/data/answer', fs.readFileSync('/data/greeting', 'utf8').toUpperCase()))
    expect(files.readFileSync('/answer', 'utf8')).toBe('HELLO')
    expect(() => ns.run(() => fs.writeFileSync('/fixed/answer', ''))).toThrow(
      expect.objectContaining({ code: 'EROFS', syscall: 'open', path: '/fixed/answer' }),
    )
    expect(() => ns.run(() => fs.linkSync('/data/answer', '/data/link'))).not.toThrow()
  })

  it("has Node's own functions mounted without coming back to itself", () => {
    using directory = temporaryDirectory({ file: 'of the host' })
    using ns = createNamespace({ fs: { '/host': nodeFs(fs, { path: directory.path }) } })
    expect(ns.run(() => fs.readFileSync('/host/file', 'utf8'))).toBe('of the host')
    expect(ns.run(() => fs.readdirSync('/host'))).toEqual(['file'])
  })

  it('says what is wrong with a mount', () => {
    const mounted = (spec: unknown) => () => createNamespace({ fs: { '/data': spec as MountSpec } })
    expect(mounted({ ...memory(), sizeBytes: -1 })).toThrow("'fs./data.sizeBytes'")
    expect(mounted({ ...memory(), mode: 'readonly' })).toThrow("'fs./data.mode'")
    expect(mounted(volume('../escape'))).toThrow("A volume cannot be named '../escape'")
    expect(mounted(memory({ '/large': 'x'.repeat(10_000) }, { sizeBytes: 4096 }))).toThrow('do not fit into it')
  })
})
