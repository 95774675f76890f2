import type * as net from 'node:net'
import { apply, construct, original } from '@libvisor/abi'
import { inNativeSection, mimic, setOwner, unsupported } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { dnsOriginals, overlay } from './bound-dns.ts'
import { createLookup } from './dns-lookup.ts'
import { netOriginals } from './node-internals.native.ts'
import { createListen2, createUnboundHandle } from './server-hooks.ts'
import type { Listen2 } from './server-hooks.ts'
import { createSocketHooks } from './socket-hooks.ts'
import type { LookupFunction } from './socket-hooks.ts'

type Bag = Record<PropertyKey, unknown>
type Constructor = (new (...args: unknown[]) => object) & { readonly prototype: object }

/**
 * The module `net` as one namespace sees it: subclasses of Node's sockets and servers with the hooks that a patched
 * realm has on the classes themselves.
 */
export function bindNet(ns: Namespace): typeof net {
  const node = original('net')
  const { connect, reinitialize, listen2, reinitializeSymbol } = netOriginals()
  const current = (): Namespace | undefined => (inNativeSection() ? undefined : ns)
  const hooks = createSocketHooks({
    current,
    base: { connect, reinitialize },
    lookupFor: (_ns, port) => createLookup(ns, dnsOriginals(), port) as unknown as LookupFunction,
  })
  const Socket = subclass(node.Socket, ns, { connect: hooks.connect, [reinitializeSymbol]: hooks.reinitialize })
  const Server = subclass(node.Server, ns, {
    _listen2: createListen2(current, listen2 as Listen2),
    listen: createListen(ns),
  })

  const createConnection = (...args: unknown[]): net.Socket => {
    const normalized = netOriginals().normalizeArgs(args)
    const [options] = normalized as [{ timeout?: number }]
    const socket = new Socket(options) as net.Socket
    if (options.timeout) socket.setTimeout(options.timeout)
    return apply(hooks.connect, socket, [normalized])
  }
  const exports: Bag = {
    Socket,
    Stream: Socket,
    Server,
    connect: createConnection,
    createConnection,
    createServer: (...args: unknown[]) => new Server(...args),
    _createServerHandle: (
      ...args: Parameters<typeof createUnboundHandle> extends [Namespace, ...infer Rest] ? Rest : never
    ) => createUnboundHandle(ns, ...args),
  }
  if ('BoundSocket' in node) {
    exports['BoundSocket'] = function BoundSocket(): never {
      throw unsupported('net.BoundSocket', 'it is not virtual yet')
    }
  }
  return overlay(node, exports)
}

/**
 * Names that a server listens on are looked up by the namespace. In a patched realm Node does that itself, since it
 * takes `lookup` from the exports of `dns`.
 */
function createListen(ns: Namespace): (this: net.Server, ...args: unknown[]) => net.Server {
  const { Server, isIP } = original('net')
  const listen = Server.prototype.listen as unknown as (this: net.Server, ...args: unknown[]) => net.Server
  const lookup = createLookup(ns, dnsOriginals())
  return function (this: net.Server, ...args) {
    const [options, done] = netOriginals().normalizeArgs(args) as [net.ListenOptions, (() => void) | null]
    const { host, port } = options
    if (typeof host !== 'string' || host === '' || isIP(host) !== 0 || port === undefined || this.listening) {
      return apply(listen, this, args)
    }
    if (done !== null) this.once('listening', done)
    const backlog = args.find((arg, index) => index > 0 && typeof arg === 'number') as number | undefined
    lookup(host, (error, address) => {
      if (error !== null) this.emit('error', error)
      else apply(listen, this, [{ ...(backlog !== undefined && { backlog }), ...options, host: address }])
    })
    return this
  }
}

/** A subclass that, like Node's own, may be called without `new`. */
function subclass(Base: unknown, ns: Namespace, methods: Bag): Constructor {
  const base = Base as Constructor
  const Subclass = function (this: object | undefined, ...args: unknown[]): object | undefined {
    if (new.target !== undefined) {
      const made = construct(base, args, new.target) as object
      setOwner(made, ns)
      return made
    }
    if (!(this instanceof (Subclass as unknown as Constructor)))
      return new (Subclass as unknown as Constructor)(...args)
    apply(base as unknown as (...args: unknown[]) => unknown, this, args)
    setOwner(this, ns)
    return undefined
  }
  mimic(base, Subclass)
  const prototype = Object.create(base.prototype, {
    constructor: { value: Subclass, writable: true, configurable: true },
  }) as object
  for (const key of Reflect.ownKeys(methods)) {
    const hook = methods[key] as object
    const value = mimic((base.prototype as Bag)[key] as object, hook)
    Object.defineProperty(prototype, key, { value, writable: true, configurable: true, enumerable: true })
  }
  ;(Subclass as { prototype: object }).prototype = prototype
  Object.setPrototypeOf(Subclass, base)
  return Subclass as unknown as Constructor
}
