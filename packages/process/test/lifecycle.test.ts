import assert from 'node:assert/strict'
import { createNamespace, currentNamespace, deliver, ownerHere, slots } from '@libvisor/core'
import type { Channel, Namespace } from '@libvisor/core'
import {
  createEnvironment,
  createIdentity,
  createLifecycle,
  createProcessInterceptor,
  createProcessState,
  installContainment,
  processState,
  signals,
} from '@libvisor/process'
import type { EndStatus, GuestLifecycle } from '@libvisor/process'
import { afterAll, beforeAll, describe, test } from 'vitest'

/** A process of a namespace, as a context has it, and what becomes of it. */
interface Subject {
  readonly ns: Namespace
  readonly process: NodeJS.Process
  readonly lifecycle: GuestLifecycle
  readonly ended: Promise<EndStatus>
  stderr(): string
}

const lifecycles = new Map<Namespace, GuestLifecycle>()
const strays: unknown[] = []
let containment: Disposable
const foreign = ['uncaughtException', 'unhandledRejection'] as const
const kept = new Map<string, ((...args: never[]) => void)[]>()

beforeAll(() => {
  // The test runner's own, which would fail the run.
  for (const name of foreign) {
    kept.set(name, process.listeners(name as 'exit') as never)
    process.removeAllListeners(name)
  }
  containment = installContainment({
    lifecycleOf: (ns) => lifecycles.get(ns),
    onHostError: (error) => void strays.push(error),
  })
})
afterAll(() => {
  containment[Symbol.dispose]()
  for (const name of foreign) for (const listener of kept.get(name) ?? []) process.on(name, listener as never)
  assert.deepEqual(strays, [])
})

function makeGuest(name: string, execArgv: readonly string[] = []): Subject {
  const ns = createNamespace({ name })
  const written: Uint8Array[] = []
  const channel = (keep: boolean): Channel => ({
    kind: 'pipe',
    hostFd: undefined,
    readSync: () => new Uint8Array(0),
    writeSync(bytes) {
      if (keep) written.push(Uint8Array.from(bytes))
      return bytes.length
    },
  })
  ns.provide(slots.stdio, [channel(false), channel(false), channel(true)])
  ns.provide(slots.identity, createIdentity())
  ns.provide(processState, createProcessState({ env: createEnvironment({}), argv: ['node', '/main.js'], execArgv }))
  const process = createProcessInterceptor().bind(ns).modules['process']!() as NodeJS.Process
  const { promise: ended, resolve } = Promise.withResolvers<EndStatus>()
  const lifecycle = createLifecycle({ ns, process, onEnd: resolve })
  lifecycles.set(ns, lifecycle)
  return { ns, process, lifecycle, ended, stderr: () => Buffer.concat(written).toString() }
}

/** A later turn of the event loop, in the context of whoever asks. */
const later = (ns: Namespace, task: () => void): void => deliver(ownerHere(ns), 'timer', task)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

describe('the end of a guest that nothing keeps alive', () => {
  test('comes with beforeExit, once, and exit', async () => {
    const { process, lifecycle, ended } = makeGuest('idle')
    const seen: unknown[] = []
    process.on('beforeExit', (code) => seen.push(['beforeExit', code]))
    process.on('exit', (code) => seen.push(['exit', code]))
    lifecycle.start(async () => void (process.exitCode = 4))
    assert.deepEqual(await ended, { code: 4, signal: null })
    assert.deepEqual(seen, [
      ['beforeExit', 4],
      ['exit', 4],
    ])
  })

  test('waits for what is on its way, and for what beforeExit has started', async () => {
    const { ns, process, lifecycle, ended } = makeGuest('busy')
    const seen: string[] = []
    process.on('beforeExit', () => {
      seen.push('beforeExit')
      if (seen.length === 2) later(ns, () => seen.push('again'))
    })
    lifecycle.start(async () => later(ns, () => seen.push('first')))
    await ended
    assert.deepEqual(seen, ['first', 'beforeExit', 'again', 'beforeExit'])
  })

  test('has code 13 while the entry still waits', async () => {
    const { lifecycle, ended } = makeGuest('unsettled')
    lifecycle.start(() => new Promise(() => {}))
    assert.equal((await ended).code, 13)
  })
})

describe('process.exit()', () => {
  test('runs exit listeners, ends the guest at once, and stops its code', async () => {
    const { ns, process, lifecycle, ended } = makeGuest('exits')
    const seen: unknown[] = []
    process.on('exit', (code) => seen.push(code))
    lifecycle.start(async () => {
      later(ns, () => seen.push('delivered after the end'))
      process.nextTick(() => seen.push('ticked after the end'))
      process.exit(5)
      seen.push('went on')
    })
    assert.deepEqual(await ended, { code: 5, signal: null })
    await turn()
    assert.deepEqual(seen, [5])
  })

  test('stops code that catches it with the next call of a hook', async () => {
    const { process, lifecycle, ended } = makeGuest('clings')
    let refused: unknown
    lifecycle.start(async () => {
      try {
        process.exit(6)
      } catch {
        try {
          process.nextTick(() => {})
        } catch (error) {
          refused = (error as { code?: unknown }).code
        }
      }
    })
    assert.equal((await ended).code, 6)
    assert.equal(refused, 'VISOR_GUEST_ENDED')
  })

  test('in an exit listener decides on the code', async () => {
    const { process, lifecycle, ended } = makeGuest('exits in exit')
    process.on('exit', () => process.exit(8))
    lifecycle.start(async () => {})
    assert.equal((await ended).code, 8)
  })
})

describe('an uncaught error', () => {
  test('is printed and ends its guest with 1, and no other', async () => {
    const failing = makeGuest('fails')
    const other = makeGuest('lives on')
    const exits: unknown[] = []
    failing.process.on('exit', (code) => exits.push(code))
    const seen: unknown[] = []
    failing.lifecycle.start(async () =>
      later(failing.ns, () => {
        throw new RangeError('on purpose')
      }),
    )
    other.lifecycle.start(async () => later(other.ns, () => later(other.ns, () => seen.push(currentNamespace()?.name))))
    assert.deepEqual(await failing.ended, { code: 1, signal: null })
    assert.deepEqual(exits, [1])
    assert.match(failing.stderr(), /^RangeError: on purpose\n {4}at .*\n[^]*\n\nNode\.js v\d/)
    assert.equal((await other.ended).code, 0)
    assert.deepEqual(seen, ['lives on'])
    assert.equal(other.stderr(), '')
  })

  test('goes to the monitor and to listeners, which keep the guest alive', async () => {
    const { ns, process, lifecycle, ended } = makeGuest('listens')
    const seen: unknown[] = []
    process.on('uncaughtExceptionMonitor', (error, origin) => seen.push(['monitor', error.message, origin]))
    process.on('uncaughtException', (error, origin) => seen.push(['listener', error.message, origin]))
    lifecycle.start(async () =>
      later(ns, () => {
        later(ns, () => seen.push('goes on'))
        throw new Error('caught')
      }),
    )
    assert.equal((await ended).code, 0)
    assert.deepEqual(seen, [
      ['monitor', 'caught', 'uncaughtException'],
      ['listener', 'caught', 'uncaughtException'],
      'goes on',
    ])
  })

  test('goes to the capture callback in place of listeners', async () => {
    const { ns, process, lifecycle, ended } = makeGuest('captures')
    const seen: unknown[] = []
    process.on('uncaughtException', () => seen.push('listener'))
    process.setUncaughtExceptionCaptureCallback((error) => seen.push(error.message))
    assert.equal(process.hasUncaughtExceptionCaptureCallback(), true)
    assert.throws(() => process.setUncaughtExceptionCaptureCallback(() => {}), {
      code: 'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET',
    })
    lifecycle.start(async () =>
      later(ns, () => {
        throw new Error('captured')
      }),
    )
    assert.equal((await ended).code, 0)
    assert.deepEqual(seen, ['captured'])
  })

  test('in the handler of one ends the guest with 7, without exit', async () => {
    const { ns, process, lifecycle, ended, stderr } = makeGuest('fails twice')
    const exits: unknown[] = []
    process.on('exit', (code) => exits.push(code))
    process.on('uncaughtException', () => {
      throw new Error('second')
    })
    lifecycle.start(async () =>
      later(ns, () => {
        throw new Error('first')
      }),
    )
    assert.equal((await ended).code, 7)
    assert.deepEqual(exits, [])
    assert.match(stderr(), /Error: second/)
  })

  test('leaves the code to an exit listener that sets one', async () => {
    const { process, lifecycle, ended } = makeGuest('sets')
    process.on('exit', () => void (process.exitCode = 42))
    lifecycle.start(() => Promise.reject(new Error('of the entry')))
    assert.equal((await ended).code, 42)
  })
})

describe('a rejection that nobody handles', () => {
  const reject = async (execArgv: readonly string[]): Promise<Subject & { seen: unknown[]; status: EndStatus }> => {
    const guest = makeGuest(`rejects ${execArgv.join()}`, execArgv)
    const seen: unknown[] = []
    guest.process.on('uncaughtExceptionMonitor', (error, origin) => seen.push([String(error), origin]))
    guest.process.on('warning', ({ name }) => seen.push(name))
    guest.lifecycle.start(async () => later(guest.ns, () => void Promise.reject(new Error('unhandled'))))
    return { ...guest, seen, status: await guest.ended }
  }
  const monitored = ['Error: unhandled', 'unhandledRejection']
  const warning = 'UnhandledPromiseRejectionWarning'

  test('is uncaught', async () => {
    const { seen, status, stderr } = await reject([])
    assert.equal(status.code, 1)
    assert.deepEqual(seen, [monitored])
    assert.match(stderr(), /Error: unhandled/)
  })

  test('is a warning with --unhandled-rejections=warn', async () => {
    const { seen, status, stderr } = await reject(['--unhandled-rejections=warn'])
    assert.equal(status.code, 0)
    assert.deepEqual(seen, [warning, warning])
    assert.match(stderr(), /^\(node:1\) UnhandledPromiseRejectionWarning: Error: unhandled\n/)
    assert.match(stderr(), /\(Use `node --trace-warnings \.\.\.` to show where the warning was created\)\n/)
  })

  test('is a warning and a code with --unhandled-rejections=warn-with-error-code', async () => {
    const { status } = await reject(['--unhandled-rejections=warn-with-error-code'])
    assert.equal(status.code, 1)
  })

  test('is nothing with --unhandled-rejections=none', async () => {
    const { seen, status, stderr } = await reject(['--unhandled-rejections', 'none'])
    assert.deepEqual([seen, status.code, stderr()], [[], 0, ''])
  })

  test('goes to listeners, which hear when it is handled after all', async () => {
    const { ns, process, lifecycle, ended } = makeGuest('handles late')
    const seen: unknown[] = []
    process.on('unhandledRejection', (reason, promise) => {
      seen.push(reason)
      later(ns, () => void promise.catch(() => {}))
    })
    process.on('rejectionHandled', () => seen.push('handled'))
    lifecycle.start(async () => later(ns, () => void Promise.reject('no error')))
    assert.equal((await ended).code, 0)
    assert.deepEqual(seen, ['no error', 'handled'])
  })

  test('of something that is no error says what it was', async () => {
    const { ns, lifecycle, ended, stderr } = makeGuest('rejects with a number')
    lifecycle.start(async () => later(ns, () => void Promise.reject(7)))
    assert.equal((await ended).code, 1)
    assert.match(stderr(), /The promise rejected with the reason "7"\./)
  })
})

describe('a warning', () => {
  test('is printed with the pid of the guest, and hinted at once', async () => {
    const { process, lifecycle, ended, stderr } = makeGuest('warns')
    lifecycle.start(async () => {
      process.emitWarning('one', { code: 'W1', detail: 'more about it' })
      process.emitWarning('two', 'CustomWarning')
    })
    await ended
    assert.equal(
      stderr(),
      '(node:1) [W1] Warning: one\nmore about it\n' +
        '(Use `node --trace-warnings ...` to show where the warning was created)\n(node:1) CustomWarning: two\n',
    )
  })

  test('is not printed with --no-warnings, nor when it is disabled', async () => {
    for (const option of ['--no-warnings', '--disable-warning=W1']) {
      const { process, lifecycle, ended, stderr } = makeGuest(`silent ${option}`, [option])
      lifecycle.start(async () => process.emitWarning('one', 'Warning', 'W1'))
      await ended
      assert.equal(stderr(), '')
    }
  })

  test('of a deprecation is an error with --throw-deprecation', async () => {
    const { process, lifecycle, ended, stderr } = makeGuest('throws', ['--throw-deprecation'])
    lifecycle.start(async () => process.emitWarning('old', 'DeprecationWarning', 'DEP0'))
    assert.equal((await ended).code, 1)
    assert.match(stderr(), /DeprecationWarning: old/)
  })

  test("of Node's own goes to the guest that caused it", async () => {
    const { process, lifecycle, ended, stderr } = makeGuest('leaks')
    lifecycle.start(async () => {
      for (let count = 0; count < 11; count++) process.on('message', () => count)
    })
    await ended
    assert.match(stderr(), /^\(node:1\) MaxListenersExceededWarning: /)
  })
})

describe('a signal', () => {
  test('ends a guest that does not listen, and says so', async () => {
    const { process, lifecycle, ended } = makeGuest('killed')
    lifecycle.start(async () => void process.kill(process.pid, 'SIGTERM'))
    assert.deepEqual(await ended, { code: null, signal: 'SIGTERM' })
  })

  test('goes to listeners', async () => {
    const { ns, process, lifecycle, ended } = makeGuest('listens to signals')
    const seen: unknown[] = []
    process.on('SIGUSR2', (name: string, number: number) => seen.push([name, number]))
    lifecycle.start(async () => ns.get(signals).raise('SIGUSR2'))
    assert.equal((await ended).code, 0)
    assert.deepEqual(seen, [['SIGUSR2', 12]])
  })

  test('of abort() cannot be listened to', async () => {
    const { process, lifecycle, ended } = makeGuest('aborts')
    process.on('SIGABRT', () => {})
    lifecycle.start(async () => process.abort())
    assert.deepEqual(await ended, { code: null, signal: 'SIGABRT' })
  })
})
