/** `/proc` of a guest, next to the kernel's where both say the same. */
import assert from 'node:assert/strict'
import fs, { constants } from 'node:fs'
import os from 'node:os'
import { MessageChannel } from 'node:worker_threads'
import { connectFileSystem, createFileSystem, createHostFs, hostDir, memory, overlay, synthetic } from '@libvisor/fs'
import type { FileSystem, ProcessFacts, Syscalls } from '@libvisor/fs'
import { describe, test } from 'vitest'
import { bytes, fails, get, names, put, text } from '../state/calls.ts'
import { countingEntropy, makeIdentity, makeStdio, tickingClock } from '../state/fixture.ts'
import { nativeSyscalls } from '../state/native-syscalls.ts'

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, S_IFDIR, S_IFREG, S_IFLNK } = constants

const facts: ProcessFacts = {
  commandLine: () => ['/usr/bin/node', '/app/main.js', 'an argument'],
  environment: () => ({ HOME: '/root', UNSET: undefined, TZ: 'UTC' }),
  executable: () => '/usr/bin/node',
  title: () => '/usr/bin/node',
  uptime: () => 1.5,
  residentBytes: () => 64 * 2 ** 20,
  cpu: () => ({ user: 2_000_000, system: 500_000 }),
}

function start(): FileSystem {
  return createFileSystem({
    mounts: {
      '/': overlay({ lower: hostDir('/'), upper: memory() }),
      '/dev': synthetic.dev(),
      '/proc': synthetic.proc(),
      '/tmp': memory({ '/sub dir/file': 'in memory' }, { sizeBytes: 2 ** 20, inodes: 100 }),
      '/ro': memory({}, { mode: 'ro' }),
    },
    clock: tickingClock(),
    entropy: countingEntropy(),
    host: createHostFs(),
    later: setImmediate,
    facts,
    maxOpenFiles: 64,
  })
}

const guest = makeIdentity({ uid: 1000, gid: 100, groups: [100, 27], cwd: '/tmp', hostname: 'api' })

/** Runs a body in a guest. */
function inGuest(title: string, body: (sync: Syscalls) => void): void {
  test(title, () => {
    using files = start()
    body(files.process(guest, makeStdio('input')).sync)
  })
}

/** Runs a body natively and in a guest. */
function alike(title: string, body: (sync: Syscalls) => void): void {
  describe(title, () => {
    test('natively', () => body(nativeSyscalls('')))
    test('in a guest', () => {
      using files = start()
      body(files.process(makeIdentity(), makeStdio('input')).sync)
    })
  })
}

const field = (sync: Syscalls, name: string): string | undefined =>
  get(sync, '/proc/self/status')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 2)

alike('what is made or removed in /proc fails as the kernel has it', (sync) => {
  fails('ENOENT', () => sync.open('/proc/x', O_WRONLY | O_CREAT, 0o644))
  fails('ENOENT', () => sync.mkdir('/proc/x', 0o755))
  fails('ENOENT', () => sync.symlink('a', '/proc/self/x'))
  fails('ENOENT', () => sync.rename('/proc/version', '/proc/x'))
  fails('ENOENT', () => sync.link('/proc/version', '/proc/x'))
  fails('EPERM', () => sync.unlink('/proc/version'))
  fails('EPERM', () => sync.unlink('/proc/self/fd/0'))
  fails('EPERM', () => sync.rmdir('/proc/self/fd'))
  fails('ENOTDIR', () => sync.rmdir('/proc/version'))
  fails('EPERM', () => sync.chmod('/proc/self/status', 0o444))
  const fd = sync.open('/proc/version', O_RDWR, 0)
  fails('EIO', () => sync.write(fd, bytes('x'), -1))
  sync.close(fd)
})

alike('files of /proc have the types, permissions and sizes of Linux', (sync) => {
  const shape = (path: string): string => {
    const { mode, size, blksize, blocks } = sync.lstat(path)
    return `${mode.toString(8)} ${size} ${blksize} ${blocks}`
  }
  assert.equal(shape('/proc'), '40555 0 1024 0')
  assert.equal(shape('/proc/self'), '120777 0 1024 0')
  assert.equal(shape('/proc/self/'), '40555 0 1024 0')
  assert.equal(shape('/proc/version'), '100444 0 1024 0')
  assert.equal(shape('/proc/self/cwd'), '120777 0 1024 0')
  assert.equal(shape('/proc/self/environ'), '100400 0 1024 0')
  assert.equal(shape('/proc/self/comm'), '100644 0 1024 0')
  assert.equal(shape('/proc/self/oom_score_adj'), '100644 0 1024 0')
  assert.equal(shape('/proc/self/fdinfo'), '40555 0 1024 0')
  assert.equal(sync.lstat('/proc/self/fd').mode, S_IFDIR | 0o500)
  assert.equal(sync.lstat('/proc/sys/kernel/hostname').mode, S_IFREG | 0o644)
  assert.equal(sync.statfs('/proc').type, 0x9fa0)
})

alike('open files are links that lead to them, also when their names are gone', (sync) => {
  const path = `/tmp/visor-proc-${process.pid}`
  const fd = sync.open(path, O_RDWR | O_CREAT, 0o644)
  sync.write(fd, bytes('hello'), -1)
  assert.equal(sync.readlink(`/proc/self/fd/${fd}`), path)
  assert.equal(sync.lstat(`/proc/self/fd/${fd}`).mode, S_IFLNK | 0o700)
  assert.equal(sync.lstat(`/proc/self/fd/${fd}`).size, 64)
  assert.equal(sync.realpath(`/dev/fd/${fd}`), path)
  // Opened again it has a position of its own.
  assert.equal(get(sync, `/dev/fd/${fd}`), 'hello')
  assert.equal(sync.stat(`/proc/self/fd/${fd}`).size, 5)
  assert.match(get(sync, `/proc/self/fdinfo/${fd}`), /^pos:\t5\nflags:\t02100002\n/)
  sync.unlink(path)
  assert.equal(sync.readlink(`/proc/self/fd/${fd}`), `${path} (deleted)`)
  assert.equal(get(sync, `/proc/self/fd/${fd}`), 'hello')
  assert.ok(names(sync, '/proc/self/fd').includes(`${fd}`))
  sync.close(fd)
  fails('ENOENT', () => sync.readlink(`/proc/self/fd/${fd}`))
})

alike('what a process may set of itself it can read back', (sync) => {
  const before = get(sync, '/proc/self/comm')
  put(sync, '/proc/self/comm', 'a name that is too long')
  assert.equal(get(sync, '/proc/self/comm'), 'a name that is \n')
  put(sync, '/proc/self/comm', before)
  const score = get(sync, '/proc/self/oom_score_adj')
  put(sync, '/proc/self/oom_score_adj', '500\n')
  assert.equal(get(sync, '/proc/self/oom_score_adj'), '500\n')
  fails('EINVAL', () => put(sync, '/proc/self/oom_score_adj', 'abc'))
  fails('EINVAL', () => put(sync, '/proc/self/oom_score_adj', '5000'))
  put(sync, '/proc/self/oom_score_adj', score)
})

alike('a file of /proc is read in pieces, and again from the beginning', (sync) => {
  const fd = sync.open('/proc/version', O_RDONLY, 0)
  const start = text(sync.read(fd, 5, -1))
  const rest = text(sync.read(fd, 4096, -1))
  assert.equal(sync.read(fd, 10, -1).length, 0)
  assert.equal(start + rest, text(sync.read(fd, 4096, 0)))
  assert.match(start + rest, /^Linux version /)
  sync.close(fd)
})

inGuest("a process is the guest's first one", (sync) => {
  assert.equal(sync.readlink('/proc/self'), '1')
  assert.equal(sync.readlink('/proc/thread-self'), '1/task/1')
  assert.deepEqual(
    names(sync, '/proc').filter((name) => /^\d+$/.test(name)),
    ['1'],
  )
  fails('ENOENT', () => sync.stat(`/proc/${process.pid}`))
  assert.equal(field(sync, 'Pid'), '1')
  assert.equal(field(sync, 'PPid'), '0')
  assert.equal(field(sync, 'Uid'), '1000\t1000\t1000\t1000')
  assert.equal(field(sync, 'Groups'), '100 27 ')
  assert.equal(field(sync, 'Umask'), '0022')
  assert.equal(field(sync, 'VmRSS')?.trim(), '65536 kB')
  assert.match(get(sync, '/proc/1/stat'), /^1 \(node\) R 0 1 1 /)
  assert.equal(get(sync, '/proc/1/stat').trim().split(' ').length, 52)
  assert.equal(get(sync, '/proc/self/task/1/comm'), 'node\n')
})

inGuest('a process tells what it was started with', (sync) => {
  assert.equal(get(sync, '/proc/self/cmdline'), '/usr/bin/node\0/app/main.js\0an argument\0')
  assert.equal(get(sync, '/proc/self/environ'), 'HOME=/root\0TZ=UTC\0')
  assert.equal(sync.readlink('/proc/self/exe'), '/usr/bin/node')
  assert.equal(sync.readlink('/proc/self/cwd'), '/tmp')
  assert.equal(get(sync, '/proc/self/cwd/sub dir/file'), 'in memory')
  assert.equal(sync.realpath('/proc/self/root/tmp/..'), '/')
  assert.equal(get(sync, '/proc/self/cgroup'), '0::/\n')
  assert.match(get(sync, '/proc/self/limits'), /^Max open files +64 +64 +files +$/m)
  assert.equal(get(sync, '/proc/sys/kernel/hostname'), 'api\n')
})

inGuest('its start, the time since then, and the time of the machine agree', (sync) => {
  const uptime = Number(get(sync, '/proc/uptime').split(' ')[0])
  const startTicks = Number(get(sync, '/proc/self/stat').split(' ')[21])
  assert.ok(Math.abs(uptime - startTicks / 100 - facts.uptime()) < 1)
  const booted = Number(/^btime (\d+)$/m.exec(get(sync, '/proc/stat'))?.[1])
  // The guest's clock stands in 2030.
  assert.ok(Math.abs(Date.UTC(2030, 0, 1) / 1000 - uptime - booted) < 5)
})

inGuest('the machine is the one that `os` tells of', (sync) => {
  const total = /^MemTotal: +(\d+) kB$/m.exec(get(sync, '/proc/meminfo'))?.[1]
  assert.equal(Number(total) * 1024, os.totalmem())
  const processors = get(sync, '/proc/cpuinfo').match(/^processor\s*:/gm)
  assert.equal(processors?.length, os.cpus().length)
  assert.equal(get(sync, '/proc/sys/kernel/osrelease').trim(), os.release())
  assert.match(get(sync, '/proc/loadavg'), /^\d+\.\d\d \d+\.\d\d \d+\.\d\d 1\/1 1\n$/)
})

inGuest('mounts are those of the guest, and none names a path of the host', (sync) => {
  const rows = get(sync, '/proc/mounts').trim().split('\n')
  assert.deepEqual(rows, [
    'overlay / overlay rw,relatime 0 0',
    'tmpfs /dev tmpfs rw,relatime,mode=755 0 0',
    'proc /proc proc rw,relatime 0 0',
    'tmpfs /tmp tmpfs rw,relatime,size=1024k,nr_inodes=100 0 0',
    'tmpfs /ro tmpfs ro,relatime 0 0',
  ])
  const info = get(sync, '/proc/self/mountinfo').trim().split('\n')
  assert.match(info[3] ?? '', /^25 22 \d+:\d+ \/ \/tmp rw,relatime - tmpfs tmpfs rw,size=1024k,nr_inodes=100$/)
})

inGuest("nothing of the host's process can be reached", (sync) => {
  fails('ENOENT', () => sync.stat('/proc/self/mem'))
  const secret = fs.openSync('/etc/hostname', 'r')
  fails('ENOENT', () => sync.stat(`/proc/self/fd/${secret + 100}`))
  fs.closeSync(secret)
  assert.deepEqual(names(sync, '/proc/self/fd'), ['0', '1', '2'])
  assert.match(sync.readlink('/proc/self/fd/0'), /^pipe:\[\d+\]$/)
})

test('a process in another thread sees its own open files', async () => {
  using files = start()
  files.process(guest, makeStdio())
  const { port1, port2 } = new MessageChannel()
  using serving = files.serve(port1, { identity: guest, stdio: makeStdio() })
  using process = connectFileSystem({ port: port2, memory: serving.memory, identity: guest })
  const fd = await process.async.open('/tmp/sub dir/file', O_RDONLY, 0)
  assert.equal(await process.async.readlink(`/proc/self/fd/${fd}`), '/tmp/sub dir/file')
  assert.equal(await process.async.readlink('/proc/self'), '1')
})
