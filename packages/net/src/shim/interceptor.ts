import type * as dns from 'node:dns'
import type * as http2 from 'node:http2'
import type * as net from 'node:net'
import { apply, construct, original } from '@libvisor/abi'
import { createDispatcher, mimic, unsupported, perNamespace } from '@libvisor/core'
import type { BoundSet, CurrentNamespace, Interceptor, Namespace, Realm } from '@libvisor/core'
import { carriers } from '../carriers.ts'
import { bindDns, dnsOriginals, overlay } from './bound-dns.ts'
import { bindNet } from './bound-net.ts'
import { noteHttp2 } from './bound-session.ts'
import { bindCarried, releasePools, separateSettings } from './carried-modules.ts'
import type { SharedRealm } from './carried-modules.ts'
import { createDgramFunctions } from './dgram-module.ts'
import { createLookup } from './dns-lookup.ts'
import { createDnsFunctions, createDnsPromisesFunctions, SETTINGS } from './dns-module.ts'
import { RESOLVE_METHODS } from './dns-question.ts'
import { netOriginals } from './node-internals.native.ts'
import { createServerMethods } from './name-servers.ts'
import { noteTls } from './open-handles.ts'
import { createPooledGlobals, separateAgents, separateGlobals } from './pools.ts'
import type { PoolingGlobals } from './pools.ts'
import { hookHttp2Files } from './http2-files.ts'
import { guardPromisesResolve, guardResolve, resolverMethod } from './resolver-guard.ts'
import type { ResolverMethod } from './resolver-guard.ts'
import { createListen2, createUnboundHandle } from './server-hooks.ts'
import { createSocketHooks } from './socket-hooks.ts'
import type { LookupFunction, SocketHookOptions, SocketHooks } from './socket-hooks.ts'

/** The realm of this thread, while namespaces share it, and the globals that each of them has there. */
let installed: (SharedRealm & { readonly globalsOf: (ns: Namespace) => PoolingGlobals }) | undefined

type Bag = Record<PropertyKey, unknown>
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/**
 * Makes the interceptor of sockets, servers, datagrams and names. `http`, `https`, `http2`, `tls` and `fetch` ride on it.
 *
 * @returns the interceptor of the area `net`
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createNetInterceptor, createNetStack, netStack } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import { once } from 'node:events'
 * import type * as net from 'node:net'
 *
 * using ns = createNamespace({ name: 'api' })
 * ns.provide(netStack, createNetStack())
 * using bound = createNetInterceptor().bind(ns)
 * const { connect, createServer } = bound.modules['net']!() as typeof net
 *
 * const server = createServer((socket) => socket.end('hello')).listen(80)
 * await once(server, 'listening')
 * const client = connect(80, 'localhost').setEncoding('utf8')
 * assert.deepEqual(await once(client, 'data'), ['hello'])
 * server.close()
 * ```
 */
export function createNetInterceptor(): Interceptor {
  return Object.freeze({
    area: 'net' as const,
    ahead: ['net', 'http', 'https', 'http2', 'tls'],
    install(realm: Realm, current: CurrentNamespace): Disposable {
      const shared: SharedRealm | undefined = realm.kind === 'shared' ? { realm, current } : undefined
      let patched: typeof dns | undefined
      let patchedLookup: unknown
      // A guest that has replaced `dns.lookup` gets its own. Otherwise the look-up is told for which port it is.
      const lookupFor = (ns: Namespace, port: number): LookupFunction | undefined =>
        patched !== undefined && patched.lookup === patchedLookup
          ? (createLookup(ns, dnsOriginals(), port) as unknown as LookupFunction)
          : undefined
      // First: `net` asks for it, and what is asked for without hooks is sealed.
      realm.whenAsked('dns', (exports) => {
        patched = exports as unknown as typeof dns
        patchDns(realm, current, patched)
        patchedLookup = patched.lookup
      })
      // The object `dns.promises`: whoever asks for it alone has not asked for `dns`.
      realm.whenAsked('dns/promises', () => realm.ask('dns'))
      realm.whenAsked('net', (exports) => {
        netOriginals()
        // Node's `net` takes `lookup` from the exports of `dns`.
        realm.ask('dns')
        patchNet(realm, current, exports as unknown as typeof net, lookupFor)
      })
      realm.whenAsked('tls', (exports) => {
        realm.ask('net')
        patchTls(realm, current, exports)
      })
      if (shared !== undefined) {
        separateSettings(shared)
        realm.whenAsked('http', (exports) => separateAgents(realm, current, exports))
        const globalsOf = separateGlobals(realm, current, () => {
          for (const id of carriers) realm.ask(id)
        })
        installed = { ...shared, globalsOf }
      }
      realm.whenAsked('http2', (exports) => {
        noteHttp2(exports as unknown as typeof http2)
        hookHttp2Files(realm, current, exports)
      })
      realm.whenAsked('dgram', (exports) => patchDgram(realm, current, exports))
      return {
        [Symbol.dispose]() {
          if (shared !== undefined) installed = undefined
        },
      }
    },
    bind(ns: Namespace): BoundSet {
      const boundDns = once(() => bindDns(ns))
      if (installed !== undefined) ns.own(releasePools)
      return {
        modules: Object.freeze({
          ...carriedModules(ns),
          net: once(() => (installed === undefined ? bindNet(ns) : bindCarried(ns, installed, 'net'))),
          dns: () => boundDns().dns,
          'dns/promises': () => boundDns().promises,
          dgram: once(() => overlay(original('dgram'), { ...createDgramFunctions(() => ns, original('dgram')) })),
        }),
        globals: pooledGlobals(ns),
        [Symbol.dispose]() {},
      }
    },
  })
}

function patchNet(
  realm: Realm,
  current: CurrentNamespace,
  exports: typeof net,
  lookupFor: SocketHookOptions['lookupFor'],
): void {
  const { connect, reinitialize, listen2, reinitializeSymbol } = netOriginals()
  const hooks = createSocketHooks({ current, base: { connect, reinitialize }, lookupFor })
  replaceMethods(realm, exports.Socket.prototype, { connect: hooks.connect, [reinitializeSymbol]: hooks.reinitialize })
  replaceMethods(realm, exports.Server.prototype, { _listen2: createListen2(current, listen2) })

  const bag = exports as unknown as Bag
  const unbound = bag['_createServerHandle'] as AnyFunction
  const select = (ns: Namespace) => createUnboundHandle.bind(undefined, ns)
  realm.patches.patch(exports, '_createServerHandle', { value: createDispatcher(unbound, current, select) })
  refuse(realm, current, bag, 'net', ['BoundSocket'])

  const Socket = guardDescriptors(current, exports.Socket)
  for (const name of ['Socket', 'Stream']) realm.patches.patch(exports, name, { value: Socket })
  realm.patches.patch(Socket.prototype as object, 'constructor', { value: Socket })
}

/** A guest has no sockets of the host but its standard streams, which Node itself opens by their descriptors. */
function guardDescriptors(current: CurrentNamespace, Original: typeof net.Socket): typeof net.Socket {
  const Socket = function (this: unknown, options?: number | { fd?: unknown; handle?: unknown }): object | undefined {
    const fd = typeof options === 'number' ? options : options?.fd
    const opensDescriptor = typeof fd === 'number' && fd > 2 && !(typeof options === 'object' && options.handle)
    if (opensDescriptor && current(this) !== undefined) {
      throw unsupported('net.Socket({ fd })', 'a guest has no sockets of the host')
    }
    const args = [options] as [net.SocketConstructorOpts]
    if (new.target === undefined) return apply(Original as unknown as AnyFunction, this, args) as object | undefined
    return construct(Original, args, (new.target as unknown) === Socket ? Original : new.target) as object
  }
  mimic(Original, Socket)
  ;(Socket as { prototype: object }).prototype = Original.prototype
  return Socket as unknown as typeof net.Socket
}

/** Sockets of a TLS class of Node's own override the method that replaces handles: the hook comes before that one. */
function patchTls(realm: Realm, current: CurrentNamespace, exports: Bag): void {
  const { reinitializeSymbol, connect } = netOriginals()
  const prototype = (exports['TLSSocket'] as { prototype: object }).prototype as Record<
    symbol,
    SocketHooks['reinitialize']
  >
  const base = { connect, reinitialize: prototype[reinitializeSymbol]! }
  const { reinitialize } = createSocketHooks({ current, base, lookupFor: () => undefined })
  replaceMethods(realm, prototype, { [reinitializeSymbol]: reinitialize, _init: notingInit(prototype) })
}

/** The method with which a socket of TLS takes the handle under it. */
function notingInit(prototype: object): AnyFunction {
  const { _init: init } = prototype as { _init: AnyFunction }
  return function (this: unknown, ...args) {
    apply(init, this, args)
    noteTls(this as object)
  }
}

function patchDns(realm: Realm, current: CurrentNamespace, exports: typeof dns): void {
  const originals = dnsOriginals()
  const callback = perNamespace((ns) => createDnsFunctions(ns, originals))
  const promises = perNamespace((ns) => createDnsPromisesFunctions(ns, originals))
  dispatchFunctions(realm, current, exports, callback)
  dispatchFunctions(realm, current, exports.promises, promises)
  guardResolver(realm, current, exports.Resolver, guardResolve)
  guardResolver(realm, current, exports.promises.Resolver, guardPromisesResolve)
}

/** The classes and functions that make sockets of UDP give a guest's a virtual handle. */
function patchDgram(realm: Realm, current: CurrentNamespace, exports: Bag): void {
  const { Socket, createSocket } = createDgramFunctions(current, original('dgram'))
  realm.patches.patch(exports, 'Socket', { value: Socket })
  realm.patches.patch(exports, 'createSocket', { value: createSocket })
  realm.patches.patch(Socket.prototype as object, 'constructor', { value: Socket })
  refuse(realm, current, exports, 'dgram', ['_createSocketHandle'])
}

/** Replaces methods by hooks that look like them. */
function replaceMethods(realm: Realm, target: object, methods: Record<PropertyKey, unknown>): void {
  for (const key of Reflect.ownKeys(methods)) {
    const hook = mimic((target as Bag)[key] as object, methods[key] as object)
    realm.patches.patch(target, key, { value: hook })
  }
}

/** Replaces the functions that namespaces have of their own by ones that ask for whom they are called. */
function dispatchFunctions(
  realm: Realm,
  current: CurrentNamespace,
  exports: object,
  functionsOf: (ns: Namespace) => Readonly<Record<string, unknown>>,
): void {
  for (const name of ['lookup', 'lookupService', ...SETTINGS, ...RESOLVE_METHODS]) {
    const value = (exports as Bag)[name]
    if (typeof value !== 'function') continue
    const dispatcher = createDispatcher(value as AnyFunction, current, (ns) => functionsOf(ns)[name])
    realm.patches.patch(exports, name, { value: dispatcher })
  }
}

function guardResolver(
  realm: Realm,
  current: CurrentNamespace,
  Resolver: typeof dns.Resolver | typeof dns.promises.Resolver,
  guard: (ns: Namespace, method: ResolverMethod) => AnyFunction,
): void {
  const { prototype } = Resolver
  for (const name of ['cancel', 'getServers', 'setServers', 'setLocalAddress'] as const) {
    const methods = perNamespace((ns) => createServerMethods(ns, Resolver))
    const dispatcher = createDispatcher(prototype[name] as AnyFunction, current, (ns) => methods(ns)[name])
    realm.patches.patch(prototype, name, { value: dispatcher })
  }
  for (const name of RESOLVE_METHODS) {
    const value = (prototype as object as Bag)[name]
    if (typeof value !== 'function') continue
    const method = resolverMethod(Resolver, name)
    const dispatcher = createDispatcher(value as AnyFunction, current, (ns) => guard(ns, method))
    realm.patches.patch(prototype, name, { value: dispatcher })
  }
}

function refuse(realm: Realm, current: CurrentNamespace, exports: Bag, module: string, names: readonly string[]): void {
  for (const name of names) {
    const value = exports[name]
    if (typeof value !== 'function') continue
    const refusal = function (): never {
      throw unsupported(`${module}.${name}`, 'it is not virtual yet')
    }
    const dispatcher = createDispatcher(
      value as AnyFunction,
      current,
      () =>
        function () {
          refusal()
        },
    )
    realm.patches.patch(exports, name, { value: dispatcher })
  }
}

/** The built-ins whose hooks are on what they ride on: a namespace has them only where the realm is patched. */
function carriedModules(ns: Namespace): Record<string, () => object> {
  const modules: Record<string, () => object> = {}
  if (installed === undefined) return modules
  const shared = installed
  for (const id of ['http', 'https', 'http2', 'tls', '_http_agent', '_http_client', '_tls_wrap']) {
    modules[id] = once(() => bindCarried(ns, shared, id))
  }
  // One class under two names.
  modules['http'] = once(() =>
    Object.defineProperty(bindCarried(ns, shared, 'http'), 'WebSocket', {
      get: () => shared.globalsOf(ns).WebSocket,
      enumerable: true,
      configurable: true,
    }),
  )
  return modules
}

/** Descriptors of the globals that keep connections, made when they are first read. */
function pooledGlobals(ns: Namespace): PropertyDescriptorMap {
  const globals = once(() => installed?.globalsOf(ns) ?? createPooledGlobals(ns, globalThis))
  return {
    fetch: { get: () => globals().fetch, enumerable: true, configurable: true },
    WebSocket: { get: () => globals().WebSocket, enumerable: false, configurable: true },
    EventSource: { get: () => globals().EventSource, enumerable: false, configurable: true },
  }
}

function once<T>(make: () => T): () => T {
  let value: { readonly made: T } | undefined
  return () => (value ??= { made: make() }).made
}
