/**
 * The built-in modules as they were before anything was patched.
 *
 * A module is captured the first time it is asked for, and whoever patches one asks for it here first, so that no
 * start-up loads what no program uses (Node needs 2.5 times as long to start when every patched built-in is loaded).
 */
import type * as childProcess from 'node:child_process'
import type * as crypto from 'node:crypto'
import type * as dgram from 'node:dgram'
import type * as diagnosticsChannel from 'node:diagnostics_channel'
import type * as dns from 'node:dns'
import type * as dnsPromises from 'node:dns/promises'
import type * as fs from 'node:fs'
import type * as fsPromises from 'node:fs/promises'
import type * as http from 'node:http'
import type * as https from 'node:https'
import type * as nodeModule from 'node:module'
import type * as net from 'node:net'
import type * as os from 'node:os'
import type * as path from 'node:path'
import type * as perfHooks from 'node:perf_hooks'
import type * as stream from 'node:stream'
import type * as timers from 'node:timers'
import type * as timersPromises from 'node:timers/promises'
import type * as tls from 'node:tls'
import type * as tty from 'node:tty'
import type * as url from 'node:url'
import type * as util from 'node:util'
import type * as v8 from 'node:v8'
import type * as vm from 'node:vm'
import type * as workerThreads from 'node:worker_threads'

/** The built-in modules that libvisor's own code calls, by name without `node:`. */
export interface OriginalModules {
  child_process: typeof childProcess
  crypto: typeof crypto
  dgram: typeof dgram
  diagnostics_channel: typeof diagnosticsChannel
  dns: typeof dns
  'dns/promises': typeof dnsPromises
  fs: typeof fs
  'fs/promises': typeof fsPromises
  http: typeof http
  https: typeof https
  module: typeof nodeModule
  net: typeof net
  os: typeof os
  path: typeof path
  perf_hooks: typeof perfHooks
  stream: typeof stream
  timers: typeof timers
  'timers/promises': typeof timersPromises
  tls: typeof tls
  tty: typeof tty
  url: typeof url
  util: typeof util
  v8: typeof v8
  vm: typeof vm
  worker_threads: typeof workerThreads
}

const getBuiltinModule = process.getBuiltinModule.bind(process)
const { AsyncResource, executionAsyncId } = getBuiltinModule('async_hooks')
/** The async context in which libvisor is loaded. */
const outside = new AsyncResource('libvisor')
const loaded = new Set<string>()
const captured = new Map<string, object>()
const { hrtime } = process
const { create, defineProperties, freeze, getOwnPropertyDescriptors } = Object

/**
 * The live exports object of a built-in: the one that guests hold and that patches change.
 *
 * @param id - the name of a built-in, without `node:`
 * @returns its exports, or `undefined` when this Node has no such built-in
 * @example
 * ```ts
 * import { builtin } from '@libvisor/abi'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 *
 * assert.equal(builtin('fs'), fs)
 * assert.equal(builtin('no-such-module'), undefined)
 * ```
 */
export function builtin(id: string): object | undefined {
  const name = `node:${id}`
  if (loaded.has(id)) return getBuiltinModule(name) as object | undefined
  // What a module makes when it is loaded keeps the async context, and with it whoever asked first.
  const exports = outside.runInAsyncScope(getBuiltinModule, undefined, name) as object | undefined
  if (exports !== undefined) loaded.add(id)
  return exports
}

/**
 * The exports of a built-in as they were before the first patch. Call what it holds without a receiver.
 *
 * @param id - the name of a built-in, without `node:`
 * @returns a frozen copy of its exports; the same object on every call
 * @throws {TypeError} when this Node has no such built-in
 * @example
 * ```ts
 * import { original } from '@libvisor/abi'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(original('path').join('/a', 'b'), '/a/b')
 * assert.equal(original('fs'), original('fs'))
 * ```
 */
export function original<Id extends keyof OriginalModules>(id: Id): OriginalModules[Id] {
  let copy = captured.get(id)
  if (copy === undefined) {
    const exports = builtin(id)
    if (exports === undefined) throw new TypeError(`This Node has no built-in module '${id}'`)
    copy = freeze(defineProperties(create(null) as object, getOwnPropertyDescriptors(exports)))
    captured.set(id, copy)
  }
  return copy as OriginalModules[Id]
}

/** What libvisor needs of the process at every moment. Each function is called without a receiver. */
export interface HostOriginals {
  readonly process: NodeJS.Process
  /** Whether this thread is a worker. */
  readonly isWorker: boolean
  readonly setImmediate: typeof globalThis.setImmediate
  readonly clearImmediate: typeof globalThis.clearImmediate
  readonly setTimeout: typeof globalThis.setTimeout
  readonly clearTimeout: typeof globalThis.clearTimeout
  readonly setInterval: typeof globalThis.setInterval
  readonly clearInterval: typeof globalThis.clearInterval
  readonly queueMicrotask: typeof globalThis.queueMicrotask
  readonly nextTick: NodeJS.Process['nextTick']
  readonly emitWarning: NodeJS.Process['emitWarning']
  /** The working directory, as a path. */
  readonly cwd: () => string
  /** The monotonic clock. @units nanoseconds */
  readonly hrtime: () => bigint
  readonly Date: DateConstructor
  /** The time since some fixed moment, which never goes back. @units milliseconds */
  readonly monotonicMs: () => number
  /** A number of the callback that the event loop is running: another one for each. */
  readonly callbackId: () => number
  readonly random: () => number
}

/** The process as it was when libvisor was loaded. */
export const host: HostOriginals = freeze({
  process,
  // Node marks what a worker cannot do. `worker_threads`, which would tell as well, takes longer to load.
  isWorker: (process.abort as { readonly disabled?: boolean }).disabled === true,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  queueMicrotask: globalThis.queueMicrotask,
  nextTick: process.nextTick.bind(process),
  emitWarning: process.emitWarning.bind(process),
  cwd: process.cwd.bind(process),
  hrtime: process.hrtime.bigint.bind(process.hrtime),
  Date: globalThis.Date,
  // Reading `performance` would load it.
  monotonicMs: () => {
    // Taking it apart as an iterable takes as long as reading the clock.
    const time = hrtime()
    return time[0] * 1e3 + time[1] / 1e6
  },
  callbackId: executionAsyncId,
  random: Math.random,
})
