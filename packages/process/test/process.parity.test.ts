import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import nodeOs from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProcessInterceptor } from '@libvisor/process'
import { createGuest } from './fixtures/own-realm.mjs'

let root = ''
let home = ''

beforeAll(() => {
  home = process.cwd()
  root = fs.mkdtempSync(path.join(fs.realpathSync(nodeOs.tmpdir()), 'libvisor-process-'))
  fs.mkdirSync(path.join(root, 'a/b'), { recursive: true })
  fs.writeFileSync(path.join(root, 'file'), 'x')
  fs.symlinkSync('a/b', path.join(root, 'link'))
  fs.symlinkSync('loop', path.join(root, 'loop'))
  fs.writeFileSync(
    path.join(root, 'vars.env'),
    'NEW=1\nPRESENT=from the file\nQUOTED="a b" # comment\nEMPTY=\nexport EXPORTED=yes\n',
  )
})

afterAll(() => {
  process.chdir(home)
  fs.rmSync(root, { recursive: true })
})

function outcome(call: () => unknown): unknown {
  try {
    return call() ?? 'nothing'
  } catch (error) {
    const { name, message } = error as Error
    const rest = Object.fromEntries(
      Object.keys(error as object).map((key) => [key, (error as Record<string, unknown>)[key]]),
    )
    return { name, message, keys: Object.keys(error as object), ...rest }
  }
}

const guest = (): { process: NodeJS.Process; os: typeof nodeOs } => {
  const ns = createGuest({
    identity: {
      uid: process.getuid!(),
      gid: process.getgid!(),
      groups: process.getgroups!(),
      umask: process.umask(),
      cwd: root,
    },
    state: { env: { HOME: '/home/guest', PRESENT: 'before' } },
  })
  const { modules } = createProcessInterceptor().bind(ns)
  return { process: modules['process']!() as NodeJS.Process, os: modules['os']!() as typeof nodeOs }
}

/** What is called on both, and gives the same on both. */
const calls: Record<string, (subject: NodeJS.Process) => unknown> = {}
/** Anything may be passed to anything here. */
type LooseMethod = (...args: unknown[]) => unknown
type Loose = {
  readonly [Name in 'chdir' | 'cwd' | 'umask' | 'kill' | 'binding' | '_linkedBinding' | 'loadEnvFile']: LooseMethod
} & {
  readonly [Name in 'setuid' | 'seteuid' | 'setgid' | 'setegid' | 'setgroups' | 'initgroups']: LooseMethod
} & { readonly [Name in 'getuid' | 'geteuid' | 'getgid' | 'getegid']: LooseMethod } & {
  readonly pid: number
  readonly env: NodeJS.ProcessEnv
  getgroups(): number[]
}
const call = (name: string, body: (subject: Loose) => unknown): void =>
  void (calls[name] = (subject) => body(subject as unknown as Loose))

for (const directory of [
  'a',
  './a/b',
  'a/../a',
  'link',
  'link/..',
  'file',
  'file/..',
  'missing',
  'missing/..',
  'loop',
  '',
  '/',
  '..',
  'a/',
]) {
  call(`chdir(${directory})`, (subject) => {
    subject.chdir(root)
    subject.chdir(directory)
    return subject.cwd()
  })
}
for (const bad of [undefined, null, 1, {}, [], true, () => {}, 1n, Symbol('x'), -0, 'x'.repeat(40)]) {
  call(`chdir(${String(bad)}) of a bad type`, (subject) => {
    subject.chdir(root)
    return subject.chdir(bad)
  })
}
for (const mask of [
  0o77,
  '77',
  '0022',
  0,
  0o7777,
  '8',
  '',
  'x',
  -1,
  1.5,
  2 ** 32,
  2 ** 53,
  NaN,
  null,
  {},
  true,
  '777777777777777',
]) {
  call(`umask(${String(mask)})`, (subject) => {
    const before = subject.umask()
    try {
      return [subject.umask(mask) === before, subject.umask()]
    } finally {
      subject.umask(before)
    }
  })
}
for (const id of ['no-such-user', {}, null, -1, 1.5, 2 ** 32, undefined, true, Symbol('x')]) {
  for (const name of ['setuid', 'seteuid', 'setgid', 'setegid'] as const)
    call(`${name}(${String(id)})`, (subject) => subject[name](id))
}
call('setgroups(1)', (subject) => subject.setgroups(1))
call("setgroups([1, 'no-such-group'])", (subject) => subject.setgroups([1, 'no-such-group']))
call('setgroups([1, {}])', (subject) => subject.setgroups([1, {}]))
call('initgroups({}, 1)', (subject) => subject.initgroups({}, 1))
call("initgroups(0, 'no-such-group')", (subject) => subject.initgroups('root', 'no-such-group'))
call('kill of nobody', (subject) => subject.kill(2 ** 22 + 1, 0))
call('kill with 0', (subject) => subject.kill(subject.pid, 0))
call('kill with an unknown signal', (subject) => subject.kill(subject.pid, 'SIGNOTHING'))
call('kill with a signal that is too large', (subject) => subject.kill(subject.pid, 1000))
call('binding(nothing)', (subject) => subject.binding('nothing'))
call('_linkedBinding(nothing)', (subject) => subject._linkedBinding('nothing'))
for (const file of ['missing.env', 1, {}, '.']) {
  call(`loadEnvFile(${String(file)})`, (subject) => {
    subject.chdir(root)
    return subject.loadEnvFile(file)
  })
}
call('loadEnvFile()', (subject) => {
  subject.chdir(root)
  return subject.loadEnvFile()
})
call('loadEnvFile(vars.env)', (subject) => {
  subject.chdir(root)
  subject.env['PRESENT'] = 'before'
  subject.loadEnvFile('vars.env')
  const names = ['NEW', 'PRESENT', 'QUOTED', 'EMPTY', 'EXPORTED']
  const seen = names.map((name) => subject.env[name])
  for (const name of names) delete subject.env[name]
  return seen
})
call('ids', (subject) => [
  subject.getuid(),
  subject.geteuid(),
  subject.getgid(),
  subject.getegid(),
  subject.getgroups().toSorted(),
])
call('shape', (subject) => [
  subject instanceof EventEmitter,
  Object.prototype.toString.call(subject),
  Object.getPrototypeOf(subject).constructor.name,
  ...(['chdir', 'cwd', 'umask', 'setuid', 'kill', 'loadEnvFile', 'binding'] as const).map(
    (name) => typeof subject[name],
  ),
])

describe('process of a guest answers as the real one', () => {
  it.each(Object.keys(calls))('%s', (name) => {
    const theirs = outcome(() => calls[name]!(process))
    expect(outcome(() => calls[name]!(guest().process))).toEqual(theirs)
  })
})

describe('os of a guest', () => {
  it('has the exports of the real one, of the same kinds', () => {
    const { os } = guest()
    const kinds = (exports: object): unknown =>
      Object.entries(exports)
        .map(([name, value]) => [name, typeof value])
        .sort()
    expect(kinds(os)).toEqual(kinds(nodeOs))
  })

  it('tells of the guest', () => {
    const { os, process } = guest()
    expect([os.hostname(), `${os.hostname as unknown as string}`, os.homedir(), os.tmpdir()]).toEqual([
      'guest',
      'guest',
      '/home/guest',
      '/tmp',
    ])
    process.env['TMPDIR'] = '/var/tmp/'
    delete process.env['HOME']
    expect([os.tmpdir(), os.homedir()]).toEqual(['/var/tmp', nodeOs.userInfo().homedir])
    expect(Object.keys(os.networkInterfaces())).toEqual(['lo'])
    expect(os.networkInterfaces()['lo']![0]).toMatchObject({
      address: '127.0.0.1',
      family: 'IPv4',
      internal: true,
      cidr: '127.0.0.1/8',
    })
  })

  it('has the account of its own /etc/passwd', () => {
    const { os } = guest()
    const shape = (info: object): unknown => [Object.getPrototypeOf(info), Object.keys(info)]
    expect(os.userInfo()).toEqual(nodeOs.userInfo())
    expect(shape(os.userInfo())).toEqual(shape(nodeOs.userInfo()))
    expect(os.userInfo({ encoding: 'buffer' })).toEqual(nodeOs.userInfo({ encoding: 'buffer' }))
  })

  it('has a priority of its own, and refuses what Node refuses', () => {
    const { os } = guest()
    os.setPriority(5)
    expect([os.getPriority(), os.getPriority(0), os.getPriority(1)]).toEqual([5, 5, 5])
    expect(nodeOs.getPriority()).not.toBe(5)
    for (const args of [['x'], [1, 20], [0, 1.5], [2 ** 32, 1], [4_194_305, 1]] as unknown as [number, number][]) {
      expect(outcome(() => os.setPriority(...args))).toEqual(outcome(() => nodeOs.setPriority(...args)))
    }
    expect(outcome(() => os.getPriority(4_194_305))).toEqual(outcome(() => nodeOs.getPriority(4_194_305)))
  })
})

describe('a process of a guest that has no realm to itself', () => {
  it('has listeners of its own', () => {
    const [a, b] = [guest().process, guest().process]
    const heard: string[] = []
    a.on('message', () => heard.push('a'))
    b.emit('message' as never, undefined as never)
    expect([
      heard,
      a.listenerCount('message'),
      process.listeners('message').length === a.listenerCount('message'),
    ]).toEqual([[], 1, false])
  })

  it('hears the signals that it sends itself, later', async () => {
    const { process: subject } = guest()
    const heard = new Promise((resolve) => subject.on('SIGHUP', (...args) => resolve(args)))
    let returned = false
    void heard.then(() => expect(returned).toBe(true))
    subject.kill(subject.pid, 'SIGHUP')
    returned = true
    expect(await heard).toEqual(['SIGHUP', 1])
  })

  it('tells its listeners before it exits, once', () => {
    const { process: subject } = guest()
    const codes: unknown[] = []
    subject.on('exit', (code) => {
      codes.push(code)
      outcome(() => subject.exit())
    })
    subject.exitCode = 4
    expect(outcome(() => subject.exit())).toMatchObject({ code: 'VISOR_GUEST_ENDED' })
    expect(codes).toEqual([4])
  })
})
