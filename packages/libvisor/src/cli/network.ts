import { host, original } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import type { LinkRule } from '../host/host-network.ts'
import { createHost } from '../host/host.ts'

/** What `visor network` is asked to do. */
export interface NetworkRequest {
  readonly path: string
  /** Links, each as `FROM TO delay 20ms`. */
  readonly links?: readonly string[]
}

/** Longer than any: the event loop stays. @units milliseconds */
const FOREVER_MS = 2 ** 31 - 1

/**
 * Has a network that programs of other processes join, until somebody interrupts it.
 *
 * @param request - what was asked for
 * @param write - prints
 * @throws {VisorError} VISOR_OPTION_INVALID, VISOR_ADDRESS_IN_USE when there cannot be such a network
 */
export async function runNetworkCommand(
  { path, links = [] }: NetworkRequest,
  write: (text: string) => void,
): Promise<void> {
  const visor = await createHost({ links: links.map(readLink) })
  await visor.network.serve(original('path').resolve(path))
  write(`A network is at ${path}. Programs join with: visor run --network ${path} --name NAME app.js\n`)
  const { process } = host
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    const timer = host.setInterval(() => {}, FOREVER_MS)
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(name, () => {
        host.clearInterval(timer)
        resolve(name)
      })
    }
  })
  await visor[Symbol.asyncDispose]()
  process.exitCode = signal === 'SIGINT' ? 130 : 0
}

function readLink(text: string): LinkRule {
  const [from, to, ...words] = text.trim().split(/\s+/)
  if (from === undefined || to === undefined || words.length === 0) {
    throw new VisorError('VISOR_OPTION_INVALID', `--link '${text}' is not two names and what is between them`, {
      hint: "As in --link 'web db delay 20ms 5ms loss 1%'. '*' stands for all others.",
    })
  }
  return { between: [from, to], link: words.join(' ') }
}
