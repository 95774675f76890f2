import { VisorError } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'
import { bindNative } from './node-internals.native.ts'
import type { NativeHandle, SocketName } from './node-internals.native.ts'

/** A port of a guest that is to be reached from the host. */
export interface Publication {
  /** 0 for a free one. */
  readonly hostPort: number
  readonly guestPort: number
  /** @defaultValue `'0.0.0.0'` */
  readonly hostAddress?: string
}

/** Which ports are published. */
export interface PublishOptions {
  /** @defaultValue none */
  readonly publish?: readonly Publication[]
  /** Whether every port that the guest listens on is published, on a free one of the host. @defaultValue `false` */
  readonly publishAll?: boolean
}

/** A port that is published. */
export interface PublishedPort {
  readonly hostAddress: string
  readonly hostPort: number
  readonly guestPort: number
}

/** The published ports of a guest. Disposing of it closes them. */
export interface Publisher extends Disposable {
  /** What is published now, in the order of publishing. */
  ports(): PublishedPort[]
}

const ANY_ADDRESS = '0.0.0.0'
const BACKLOG = 511

/**
 * Opens ports of the host for a guest. The guest's server gets the host's own connections, so that a published server
 * runs at native speed. A connection that comes while nobody listens in the guest is reset. The open ports by
 * themselves do not keep the event loop alive, and are closed with the namespace's stack.
 *
 * @param ns - the guest, with its network stack
 * @param options - which ports
 * @returns what is published
 * @throws {VisorError} VISOR_ADDRESS_IN_USE when a port of the host is taken; then nothing is left open
 * @throws {VisorError} VISOR_OPTION_INVALID when a port cannot be opened for another reason
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createNetStack, netStack, publishPorts } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'api' })
 * using stack = createNetStack()
 * ns.provide(netStack, stack)
 * using published = publishPorts(ns, { publish: [{ hostPort: 0, guestPort: 3000, hostAddress: '127.0.0.1' }] })
 * assert.equal(published.ports()[0]!.guestPort, 3000)
 * ```
 */
export function publishPorts(ns: Namespace, options: PublishOptions): Publisher {
  const { publish = [], publishAll = false } = options
  const stack = ns.get(netStack)
  const open = new Map<PublishedPort, NativeHandle>()
  let watching: Disposable | undefined

  const close = (): void => {
    watching?.[Symbol.dispose]()
    for (const handle of open.values()) handle.close()
    open.clear()
  }
  const openPort = (publication: Publication): void => {
    const { handle, hostPort } = openListener(publication)
    const { hostAddress = ANY_ADDRESS, guestPort } = publication
    handle.onconnection = (error, client) => {
      if (error !== 0 || client === undefined) return
      const listener = stack.listenerOf(guestPort)
      if (listener?.acceptNative === undefined) client.reset()
      else listener.acceptNative(client)
    }
    open.set(Object.freeze({ hostAddress, hostPort, guestPort }), handle)
  }

  try {
    for (const publication of publish) openPort(publication)
  } catch (error) {
    close()
    throw error
  }
  if (publishAll) {
    watching = stack.watch(({ type, listener: { port: guestPort } }) => {
      const found = [...open.keys()].filter((published) => published.guestPort === guestPort)
      if (type === 'listening' && found.length === 0) openPort({ hostPort: 0, guestPort })
    })
  }
  const forget = stack.own({ [Symbol.dispose]: close })
  return {
    ports: () => [...open.keys()],
    [Symbol.dispose]() {
      forget()
      close()
    },
  }
}

function openListener({ hostPort, hostAddress = ANY_ADDRESS }: Publication): {
  handle: NativeHandle
  hostPort: number
} {
  const handle = bindNative(hostAddress, hostPort)
  if (typeof handle === 'number') throw cannotOpen(hostAddress, hostPort, handle)
  const error = handle.listen(BACKLOG)
  if (error !== 0) {
    handle.close()
    throw cannotOpen(hostAddress, hostPort, error)
  }
  handle.unref()
  const name: SocketName = {}
  handle.getsockname(name)
  return { handle, hostPort: name.port ?? hostPort }
}

/** Error numbers of Linux that have a message of their own. */
const EADDRINUSE = -98
const EACCES = -13

function cannotOpen(address: string, port: number, error: number): VisorError {
  if (error === EADDRINUSE) {
    return new VisorError('VISOR_ADDRESS_IN_USE', `Port ${port} of ${address} is in use on this machine`, {
      hint: 'Publish to another port of the host, or stop what listens there.',
    })
  }
  const reason = error === EACCES ? 'it needs privilege' : `error ${-error}`
  return new VisorError(
    'VISOR_OPTION_INVALID',
    `Port ${port} of ${address} cannot be opened on this machine: ${reason}`,
    {
      hint: 'Publish to a port above 1023, at an address of this machine.',
    },
  )
}
