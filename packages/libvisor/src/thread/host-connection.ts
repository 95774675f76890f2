import { signals } from '@libvisor/process'
import { slots } from '@libvisor/core'
import type { FileSystemState } from '@libvisor/fs'
import { netStack } from '@libvisor/net'
import { loadFs, loadNet } from '../areas/load-area.native.ts'
import { advanceClock } from '../guest/advance-clock.ts'
import type { FurnishedNamespace } from '../guest/furnish.ts'
import { publishedUrl } from '../guest/published-url.ts'
import { describeFailure } from './failure.ts'
import type { FromGuest, ToGuest } from './protocol.ts'
import { createSilentStdio } from './thread-stdio.ts'
import type { GuestEnvelope } from './envelope.ts'

/** What the host is told of a guest, and asks of it. */
export interface HostConnectionOptions {
  readonly guest: FurnishedNamespace
  readonly envelope: Pick<GuestEnvelope, 'control' | 'files'>
  /** What the guest uses now. */
  readonly stats: () => unknown
}

/** Tells the host something of a guest. */
export type Tell = (message: FromGuest) => void

/**
 * Connects a guest to its host: its ports are told, and what the host asks for is done.
 *
 * @param options - the guest, and the ports that lead to the host
 * @returns tells the host that the program is about to start
 */
export function connectToHost(options: HostConnectionOptions): () => void {
  const { guest, envelope, stats } = options
  const { control } = envelope
  const tell: Tell = (message) => control.postMessage(message)
  guest.whenNetworked((stack) =>
    stack.watch(({ type, listener: { address, port } }) => {
      tell({ type, address, port, published: publishedUrl(guest.published(), port) })
    }),
  )
  control.on('message', (request: ToGuest) => {
    const { id } = request
    answer(request, options).then(
      (value) => tell({ type: 'answer', id, value }),
      (error: unknown) => tell({ type: 'answer', id, failure: describeFailure(error) }),
    )
  })
  // The host's wish to be able to ask is no reason for the guest to live on.
  control.unref()
  return () => {
    const identity = { ...guest.ns.get(slots.identity), uid: 0, gid: 0 }
    const served = guest.files().serve(envelope.files, { identity, stdio: createSilentStdio() })
    tell({ type: 'started', files: served.memory, namespaceId: guest.ns.id })
  }

  async function answer(request: ToGuest, { guest: { ns, files } }: HostConnectionOptions): Promise<unknown> {
    switch (request.type) {
      case 'signal':
        return ns.get(signals).raise(request.signal)
      case 'advance':
        return advanceClock(ns, request.ms)
      case 'stats':
        return stats()
      case 'sockets':
        return ns.has(netStack) ? loadNet().listSockets(ns) : []
      case 'snapshot':
        return exportFiles(guest)
      case 'restore':
        return files().importState(request.state)
      case 'diff':
        return files().diff(request.since)
    }
  }
}

/**
 * What a guest's layers hold, for others.
 *
 * @param guest - has its files in this thread
 */
function exportFiles(guest: FurnishedNamespace): FileSystemState {
  return loadFs().exportPortable(guest.files())
}

/**
 * Tells the host what a guest's layers hold, before the guest ends.
 *
 * @param guest - is about to end
 * @param tell - reaches the host
 */
export function tellLastFiles(guest: FurnishedNamespace, tell: Tell): void {
  try {
    tell({ type: 'files', last: { state: exportFiles(guest), changes: guest.files().diff() } })
  } catch (error) {
    tell({ type: 'files', last: { failure: describeFailure(error) } })
  }
}
