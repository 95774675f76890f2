import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import process from 'node:process'
import { createNamespace, slots } from '@libvisor/core'
import {
  createEnvironment,
  createIdentity,
  createProcessInterceptor,
  createProcessState,
  processState,
} from '@libvisor/process'
import { parity } from '@libvisor/testkit/parity'
import { test } from 'vitest'

function makeProcess(): NodeJS.Process {
  const ns = createNamespace({ name: 'a' })
  ns.provide(slots.identity, createIdentity())
  ns.provide(processState, createProcessState({ env: createEnvironment({}), argv: ['/usr/bin/node', '/main.js'] }))
  return createProcessInterceptor().bind(ns).modules['process']!() as NodeJS.Process
}
const subjects = {
  native: () => ({ process }),
  guest: () => ({ process: makeProcess() }),
}

/** What a test runner adds, and what only a process with a channel to its parent has. */
const foreign =
  /^(?:_events|_eventsCount|_maxListeners|channel|connected|disconnect|mainModule|send|_channel|__)|tinypool/

/** What vitest replaces by its own. */
const replaced = new Set(['exit', 'emit', 'listeners', 'title', 'env', 'domain', 'exitCode', 'report', 'chdir'])

parity('process is an emitter of its own class', subjects, ({ process }) => {
  assert.ok(process instanceof EventEmitter)
  assert.equal(Object.prototype.toString.call(process), '[object process]')
  assert.equal(String(process), '[object process]')
  assert.equal(process.constructor.name, 'process')
  assert.equal(process.constructor.prototype, Object.getPrototypeOf(process))
})

parity('process.exitCode takes integers and what stands for one', subjects, ({ process }) => {
  const before = process.exitCode
  for (const code of [0, 1, '2', '-3', 255]) {
    process.exitCode = code as number
    assert.equal(process.exitCode, Number(code))
  }
  for (const code of ['', 'x', '1.5', 1.5, NaN, Infinity, true, {}, []]) {
    assert.throws(
      () => (process.exitCode = code as number),
      (error: NodeJS.ErrnoException) => ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'].includes(error.code ?? ''),
    )
  }
  for (const code of [undefined, null]) {
    process.exitCode = code
    assert.equal(process.exitCode, undefined)
  }
  process.exitCode = before
})

parity('process refuses wrong arguments in the same words', subjects, ({ process }) => {
  const refusal = (fn: () => unknown): string => {
    try {
      fn()
    } catch (error) {
      const { name, code, message } = error as NodeJS.ErrnoException
      return `${name} ${code}: ${message}`
    }
    return 'nothing'
  }
  const received = "Received type string ('x')"
  const type = 'TypeError ERR_INVALID_ARG_TYPE: '
  assert.equal(
    refusal(() => process.nextTick('x' as never)),
    `${type}The "callback" argument must be of type function. ${received}`,
  )
  assert.equal(
    refusal(() => process.emitWarning('x', 1 as never)),
    `${type}The "type" argument must be of type string. Received type number (1)`,
  )
  assert.equal(
    refusal(() => process.emitWarning(1 as never)),
    `${type}The "warning" argument must be of type string or an instance of Error. Received type number (1)`,
  )
  assert.equal(
    refusal(() => process.kill('x' as never)),
    `${type}The "pid" argument must be of type number. ${received}`,
  )
  assert.equal(
    refusal(() => process.kill(process.pid, 'SIGNOT' as never)),
    'TypeError ERR_UNKNOWN_SIGNAL: Unknown signal: SIGNOT',
  )
  assert.equal(
    refusal(() => process.hrtime('x' as never)),
    `${type}The "time" argument must be an instance of Array. ${received}`,
  )
  assert.equal(
    refusal(() => process.setUncaughtExceptionCaptureCallback('x' as never)),
    `${type}The "fn" argument must be of type function or null. ${received}`,
  )
})

parity('process tells time and resources', subjects, ({ process }) => {
  const start = process.hrtime()
  const [seconds, nanoseconds] = process.hrtime(start)
  assert.ok(seconds >= 0 && nanoseconds >= 0 && nanoseconds < 1e9)
  assert.equal(typeof process.hrtime.bigint(), 'bigint')
  assert.ok(process.uptime() >= 0)
  assert.deepEqual(Object.keys(process.memoryUsage()), ['rss', 'heapTotal', 'heapUsed', 'external', 'arrayBuffers'])
  assert.ok(process.memoryUsage.rss() > 0)
  assert.deepEqual(Object.keys(process.cpuUsage()), ['user', 'system'])
  assert.equal(Object.keys(process.resourceUsage()).length, 16)
  assert.ok(Array.isArray(process.getActiveResourcesInfo()))
})

test('process has the properties of Node’s, with the same attributes', () => {
  const shape = (object: object): Record<string, string> =>
    Object.fromEntries(
      Reflect.ownKeys(object)
        .map((key) => [String(key), Object.getOwnPropertyDescriptor(object, key)!] as const)
        .filter(([name]) => !foreign.test(name) && !replaced.has(name))
        .map(([name, { enumerable, value }]) => [name, `${enumerable} ${typeof value === 'function'}`])
        .sort(),
    )
  const guest = shape(makeProcess())
  assert.deepEqual(guest, { ...guest, ...shape(process) })
})

test('methods of process have the names and lengths of Node’s', () => {
  const guest = makeProcess() as unknown as Record<string, unknown>
  const host = process as unknown as Record<string, unknown>
  const differing: string[] = []
  for (const name of Object.keys(host)) {
    const [theirs, mine] = [host[name], guest[name]]
    if (typeof theirs !== 'function' || foreign.test(name) || replaced.has(name)) continue
    if (typeof mine !== 'function' || theirs.name !== mine.name || theirs.length !== mine.length) {
      differing.push(
        `${name}: ${theirs.name}/${theirs.length} ${(mine as Function)?.name}/${(mine as Function)?.length}`,
      )
    }
  }
  assert.deepEqual(differing, [])
})

parity('names and lengths of methods of process are not enumerated', subjects, ({ process }) => {
  const { cwd, kill, nextTick, umask } = process
  const attributes = { writable: false, enumerable: false, configurable: true }
  for (const method of [cwd, kill, nextTick, umask]) {
    const { name, length } = Object.getOwnPropertyDescriptors(method)
    assert.deepEqual(
      [name, length],
      [
        { value: method.name, ...attributes },
        { value: method.length, ...attributes },
      ],
    )
  }
})
