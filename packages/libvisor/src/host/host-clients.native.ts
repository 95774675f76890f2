import { hostTimers } from '../guest/link-timers.ts'
import type { Socket } from 'node:net'
import { createNamespace } from '@libvisor/core'
import { createNetStack, HOST_NAME, netStack, openConnection } from '@libvisor/net'
import type { Switch } from '@libvisor/net'

/** `fetch`, on the guests' network. */
export type HostFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** `net.connect`, on the guests' network. */
export type HostConnect = (destination: { readonly host: string; readonly port: number }) => Socket

/** The host's own way into the guests' network. */
export interface HostClients extends AsyncDisposable {
  readonly fetch: HostFetch
  readonly connect: HostConnect
}

/** Loads undici, which is needed only where the host itself makes requests. */
const loadUndici = (): Promise<typeof import('undici')> => import('undici')

/** Node's own requests and forms are none to undici of the registry: it gets what they are made of. */
async function takeApart(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<[url: string, init: RequestInit | undefined]> {
  if (input instanceof Request || init?.body instanceof FormData) {
    const request = new Request(input, init)
    const { url, method, headers, redirect, signal } = request
    const body = request.body === null ? null : await request.arrayBuffer()
    return [url, { method, headers: [...headers], body, redirect, signal }]
  }
  return [String(input), init]
}

/**
 * Makes a `fetch` and a `connect` that go over a switch.
 *
 * @param network - the guests' network
 * @returns the functions, with connections of their own
 */
export function createHostClients(network: Switch): HostClients {
  const ns = createNamespace({ name: HOST_NAME })
  const stack = createNetStack({
    ...{ hostname: HOST_NAME, timers: hostTimers },
    switchPort: network.attachLocal(HOST_NAME),
  })
  ns.provide(netStack, stack)
  ns.own(stack)
  let agent: Promise<import('undici').Agent> | undefined
  const openAgent = async (): Promise<import('undici').Agent> => {
    const { Agent, buildConnector } = await loadUndici()
    const connectTls = buildConnector({})
    return new Agent({
      connect(options, callback) {
        const { hostname, protocol } = options
        const port = Number(options.port) || (protocol === 'https:' ? 443 : 80)
        const socket: Socket = openConnection(ns, { host: hostname, port })
        if (protocol === 'https:') return connectTls({ ...options, httpSocket: socket }, callback)
        socket.once('error', (error) => callback(error, null))
        socket.once('connect', () => callback(null, socket))
      },
    })
  }
  return {
    connect: (destination) => openConnection(ns, destination),
    async fetch(input, init) {
      const { fetch } = await loadUndici()
      const dispatcher = await (agent ??= openAgent())
      const [url, parts] = await takeApart(input, init)
      return (await fetch(url, { ...parts, dispatcher } as never)) as unknown as Response
    },
    async [Symbol.asyncDispose]() {
      await (await agent)?.destroy()
      ns[Symbol.dispose]()
    },
  }
}
