/**
 * Records the public API of Node: every export of every built-in, the properties of `process` and of the global object.
 *
 *     node packages/core/scripts/node-api.ts NODE22 NODE24 NODE26     writes packages/core/data/node-api.json
 *     node packages/core/scripts/node-api.ts --probe                  prints what the running Node has
 *
 * An API is probed without flags and with every experimental flag, on the main thread, in a Worker and in a child with
 * an IPC channel, because each of them has properties of its own. The record says which versions have a name.
 */
import { execFileSync, fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { writeFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'
import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import type { ApiNames, ApiRecord, VersionApi } from './node-api-record.ts'
import { mergeVersions } from './node-api-record.ts'

const script = fileURLToPath(import.meta.url)

/** Flags that make Node show modules, exports and globals which it hides by default. */
const flags = [
  '--experimental-bench', '--experimental-dtls', '--experimental-eventsource', '--experimental-ffi',
  '--experimental-import-meta-resolve', '--experimental-network-inspection', '--experimental-quic', '--experimental-shadow-realm', '--experimental-storage-inspection',
  '--experimental-stream-iter', '--experimental-test-module-mocks', '--experimental-vfs', '--experimental-vm-modules',
  '--experimental-web-worker', '--experimental-webstorage', '--experimental-worker-inspection', '--expose-gc',
] // prettier-ignore

/** The permission model shows `process.permission`, and takes away what it does not allow. */
const permissionFlags = ['--permission', '--allow-fs-read=*', '--allow-child-process', '--allow-worker']

/** Own properties of every function, which say nothing about an API. */
const functionOwn = new Set(['arguments', 'caller', 'length', 'name', 'prototype'])

/** Globals that are built-ins themselves, or the global object again. */
const namedElsewhere = new Set(['console', 'global', 'process'])

/** Objects of these types are values, not namespaces of further API. */
const noNamespace = [Array, RegExp, Set, Map, Uint8Array, EventEmitter, MessagePort]

/** Properties of `process` that depend on how the program was started. */
const startDependent = ['_eval', 'mainModule']

/** Properties whose getters have effects, or which describe the program and not the API. */
const notRead = new Set([
  'env',
  'mainModule',
  'stdin',
  'stdout',
  'stderr',
  'builtinModules',
  'localStorage',
  'sessionStorage',
])

/** The names of built-ins that programs can ask for, without `node:`. Those that a flag hides are among them. */
export function builtinIds(): string[] {
  const sources = nativeSources().filter((id) => !id.startsWith('internal/') && id !== 'configs')
  const listed = nodeModule.builtinModules.map((id) => id.replace(/^node:/, ''))
  return [...new Set([...sources, ...listed])].sort()
}

/** The names of Node's own source files, which the permission model does not tell. */
function nativeSources(): string[] {
  try {
    return Object.keys((process as unknown as { binding(name: string): object }).binding('natives'))
  } catch {
    return []
  }
}

/** The names on an object: its own, and one level below, with a dot, those of functions and namespaces among them. */
export function namesOf(object: object): string[] {
  const names: string[] = []
  for (const name of ownNames(object)) {
    names.push(name)
    const value = read(object, name)
    if (!isHolder(value) || (object === globalThis && namedElsewhere.has(name))) continue
    for (const inner of innerNames(value)) names.push(`${name}.${inner}`)
  }
  return names.sort()
}

/** Whether a property may hold further API: a namespace object, an instance of one, or a function with statics. */
function isHolder(value: unknown): value is object {
  if (typeof value === 'function') return true
  return typeof value === 'object' && value !== null && !noNamespace.some((type) => value instanceof type)
}

function ownNames(object: object): string[] {
  const names = Object.getOwnPropertyNames(object)
  return typeof object === 'function' ? names.filter((name) => !functionOwn.has(name)) : names
}

/** The functions and namespaces on an object and, where it is an instance of a class, on its prototypes. */
function innerNames(object: object): Set<string> {
  const names = new Set<string>()
  for (
    let level: object | null = object;
    isApiLevel(level, object);
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const name of ownNames(level)) {
      if (name === 'constructor') continue
      const descriptor = Object.getOwnPropertyDescriptor(level, name)
      if (isHolder(descriptor?.value) || (typeof object === 'object' && descriptor?.get)) names.add(name)
    }
  }
  return names
}

function isApiLevel(level: object | null, object: object): level is object {
  if (level === null || level === Object.prototype || level === Function.prototype) return false
  return level === object || typeof object === 'object'
}

function read(object: object, name: string): unknown {
  if (notRead.has(name)) return undefined
  try {
    return (object as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/** The exports of a built-in, where this thread has it: trace_events refuses to load in a Worker. */
function load(id: string): object | undefined {
  try {
    return process.getBuiltinModule(`node:${id}`)
  } catch {
    return undefined
  }
}

/** The public API as this thread of this process has it. */
export function probe(): ApiNames {
  const api: Record<string, string[]> = {}
  for (const id of builtinIds()) {
    const exports = load(id)
    api[id] = exports === undefined ? [] : namesOf(exports)
  }
  api.process = [...new Set([...(api.process ?? []), ...startDependent])].sort()
  api.globalThis = namesOf(globalThis)
  return api
}

function union(parts: readonly ApiNames[]): ApiNames {
  const api: Record<string, string[]> = {}
  for (const part of parts) {
    for (const [id, names] of Object.entries(part)) api[id] = [...new Set([...(api[id] ?? []), ...names])].sort()
  }
  return api
}

/** What the running Node has on all kinds of threads. */
async function probeEverywhere(): Promise<ApiNames> {
  const worker = new Worker(script, { argv: ['--part'] })
  const child = fork(script, ['--part'], { serialization: 'advanced' })
  const [inWorker, inChild] = await Promise.all([firstMessage(worker), firstMessage(child)])
  return union([probe(), inWorker, inChild])
}

function firstMessage(source: NodeJS.EventEmitter): Promise<ApiNames> {
  return new Promise((resolve, reject) => source.once('message', resolve).once('error', reject))
}

/** What a Node has, with and without flags. @param node - path of the executable */
export function probeNode(node: string): VersionApi {
  const run = (...args: string[]): string =>
    execFileSync(node, ['--no-warnings', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26, stdio: 'pipe' })
  const known = flags.filter((flag) => accepts(run, flag))
  const parts = [[], known, permissionFlags].map((extra) => JSON.parse(run(...extra, script, '--probe')) as ApiNames)
  return { version: run('-p', 'process.version').trim(), api: union(parts) }
}

function accepts(run: (...args: string[]) => string, flag: string): boolean {
  try {
    run(flag, '-e', '0')
    return true
  } catch {
    return false
  }
}

function record(nodes: readonly string[]): ApiRecord {
  return mergeVersions(nodes.map(probeNode))
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--part')) {
    if (isMainThread) process.send?.(probe(), () => process.disconnect())
    else parentPort?.postMessage(probe())
  } else if (args.includes('--probe')) {
    process.stdout.write(JSON.stringify(await probeEverywhere()))
  } else if (args.length > 0) {
    writeFileSync(new URL('../data/node-api.json', import.meta.url), `${JSON.stringify(record(args), null, 1)}\n`)
  } else {
    process.stderr.write('usage: node-api.ts NODE22 NODE24 NODE26 | --probe\n')
    process.exitCode = 2
  }
}

if (process.argv[1] === script || !isMainThread) await main(process.argv.slice(2))
