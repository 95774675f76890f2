import type { Endpoint } from './address.ts'
import { WILDCARD_V4, WILDCARD_V6 } from './address.ts'
import type { Connection } from './connection.ts'

/** A socket as `ss` shows it. */
export interface SocketRow {
  readonly protocol: 'tcp' | 'udp' | 'unix'
  readonly state: 'CLOSE-WAIT' | 'CLOSING' | 'ESTAB' | 'FIN-WAIT-2' | 'LISTEN' | 'UNCONN'
  /** What has arrived and not been read. @units bytes */
  readonly recvQueueBytes: number
  /** What was written and the other side has not read. @units bytes */
  readonly sendQueueBytes: number
  /** Of a unix socket the address is its path, and the port 0. */
  readonly local: Endpoint
  /** `undefined` where there is none. */
  readonly peer: Endpoint | undefined
  /** Whether it is the host's kernel's: what is published, and what has left the guests' network. What waits in it is not known. */
  readonly isOfHost: boolean
}

const states = { none: 'ESTAB', here: 'FIN-WAIT-2', there: 'CLOSE-WAIT', both: 'CLOSING' } as const

/** The row of a connection. */
export function connectionRow(connection: Connection): SocketRow {
  const { local, remote, closing, unreadBytes, inFlightBytes } = connection
  const isUnix = local.port === 0 && remote.port === 0
  return {
    protocol: isUnix ? 'unix' : 'tcp',
    state: states[closing],
    recvQueueBytes: unreadBytes,
    sendQueueBytes: inFlightBytes,
    local,
    peer: remote,
    isOfHost: false,
  }
}

/** The row of a socket that has no other side. */
export function waitingRow(protocol: SocketRow['protocol'], { address, port }: Endpoint): SocketRow {
  const state = protocol === 'udp' ? 'UNCONN' : 'LISTEN'
  return {
    ...{ protocol, state, recvQueueBytes: 0, sendQueueBytes: 0 },
    ...{ local: { address, port }, peer: undefined, isOfHost: false },
  }
}

/** Who has the sockets. */
export interface SocketOwner {
  /** What the process is called. */
  readonly name: string
  readonly pid: number
}

/**
 * Writes rows as `ss -tunap` does, and after them those of unix sockets as `ss -xap`.
 *
 * @param rows - of one process
 * @param owner - the process
 * @returns lines
 * @source ss(8), iproute2
 * @example
 * ```ts
 * import { createNetStack, formatSockets } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * using stack = createNetStack()
 * stack.listen({ address: '::', port: 3000, privileged: false, accept() {} })
 * const [, row] = formatSockets(stack.sockets(), { name: 'node', pid: 1 }).split('\n')
 * assert.match(row ?? '', /^tcp +LISTEN +0 +0 +\*:3000 +\*:\* +users:\(\("node",pid=1\)\)$/)
 * ```
 */
export function formatSockets(rows: readonly SocketRow[], { name, pid }: SocketOwner): string {
  const header = ['Netid', 'State', 'Recv-Q', 'Send-Q', 'Local Address:Port', 'Peer Address:Port', 'Process']
  const lines = rows.map((row) => [
    row.protocol === 'unix' ? 'u_str' : row.protocol,
    row.state,
    `${row.recvQueueBytes}`,
    `${row.sendQueueBytes}`,
    endpoint(row.local, row.protocol),
    row.peer === undefined ? noPeer(row) : endpoint(row.peer, row.protocol),
    `users:(("${name}",pid=${pid}))${row.isOfHost ? ' host' : ''}`,
  ])
  const table = [header, ...lines]
  const widths = header.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
  return `${table
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join(' ')
        .trimEnd(),
    )
    .join('\n')}\n`
}

function endpoint({ address, port }: Endpoint, protocol: SocketRow['protocol']): string {
  if (protocol === 'unix') return address === '' ? '*' : address.replace(/^\0/, '@')
  return `${host(address)}:${port}`
}

function noPeer({ protocol, local: { address } }: SocketRow): string {
  if (protocol === 'unix') return '*'
  return `${host(address.includes(':') ? WILDCARD_V6 : WILDCARD_V4)}:*`
}

/** What hears both families is shown as a star. */
function host(address: string): string {
  if (address === WILDCARD_V6) return '*'
  return address.includes(':') ? `[${address}]` : address
}
