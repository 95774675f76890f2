import { AttachedPort } from './attached-port.ts'
import type { StreamWire } from './stream-wire.ts'
import type { FromSwitch, SwitchAttachment, ToStack } from './switch-protocol.ts'
import type { ThreadMeans } from './thread-means.ts'

/** A stack's way to the switch of another process: one stream, for all of its connections. */
export class StreamPort extends AttachedPort {
  /**
   * @param attachment - where the stack is attached
   * @param wire - to the process of the switch
   * @param means - of this thread
   */
  constructor(
    { address, network }: Pick<SwitchAttachment, 'address' | 'network'>,
    wire: StreamWire<FromSwitch, ToStack>,
    means: ThreadMeans,
  ) {
    super({ address, network, port: wire }, means, wire)
  }

  /** Whomever the stack talks to, the process of the switch is in between. */
  protected override peerOf(): string {
    return ''
  }
}
