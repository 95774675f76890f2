import { host } from '@libvisor/abi'
import type { NetStack } from '@libvisor/net'
import type { FurnishedNamespace } from './furnish.ts'

/**
 * Tells the user once, on stderr, that a port is open inside the guest only.
 *
 * @param guest - the guest whose ports are watched
 */
export function hintAtUnpublished({ whenNetworked, published }: FurnishedNamespace): void {
  whenNetworked((stack) => hint(stack, published))
}

function hint(stack: NetStack, published: FurnishedNamespace['published']): void {
  const watching = stack.watch(({ type, ephemeral, listener: { port } }) => {
    if (type !== 'listening' || ephemeral || published().some(({ guestPort }) => guestPort === port)) return
    watching[Symbol.dispose]()
    host.process.stderr.write(
      `libvisor: port ${port} is open inside the guest only; publish it with: visor run -p ${port}:${port}\n`,
    )
  })
}
