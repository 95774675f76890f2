import { AttachedPort } from '../state/attached-port.ts'
import { RemoteStackPort } from '../state/remote-stack-port.ts'
import type { StackAttachment, SwitchAttachment } from '../state/switch-protocol.ts'
import { Switch } from '../state/switch.ts'
import type { SwitchOptions } from '../state/switch.ts'
import type { StackPort, SwitchPort } from '../types.ts'
import { threadMeans } from './thread-means.native.ts'

/**
 * Makes the virtual network between guests.
 *
 * @param options - which addresses it gives
 * @returns the switch, in this thread
 * @throws {TypeError} when `network` is no block of IPv4 addresses
 * @example
 * ```ts
 * import { createNetStack, createSwitch } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * using network = createSwitch()
 * using api = createNetStack({ hostname: 'api', switchPort: network.attachLocal('api') })
 * using web = createNetStack({ hostname: 'web', switchPort: network.attachLocal('web') })
 * web.lookup('api', (addresses) => assert.deepEqual(addresses, api.addresses))
 * assert.deepEqual(api.addresses, ['10.88.0.2'])
 * ```
 */
export function createSwitch(options?: SwitchOptions): Switch {
  return new Switch(threadMeans(), options)
}

/**
 * Opens a stack's way to a switch of another thread.
 *
 * @param attachment - what `Switch.attach` gave for this stack
 * @returns the port, for `createNetStack`
 * @example
 * ```ts
 * import { createNetStack, createSwitch, openSwitchPort } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * using network = createSwitch()
 * // In the guest's thread, which got the attachment as `workerData`:
 * using stack = createNetStack({ hostname: 'api', switchPort: openSwitchPort(network.attach('api')) })
 * assert.deepEqual(stack.addresses, ['10.88.0.2'])
 * ```
 */
export function openSwitchPort(attachment: SwitchAttachment): SwitchPort {
  return new AttachedPort(attachment, threadMeans())
}

/**
 * Opens the way of a further thread of a guest to the guest's stack.
 *
 * @param attachment - what the thread that has the stack has given; it calls `serveStack` for the other end of the port
 * @returns the port, for `createNetStack`
 * @example
 * ```ts
 * import { createNetStack, openStackPort, RESERVATION_BYTES, serveStack } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import { MessageChannel } from 'node:worker_threads'
 *
 * using stack = createNetStack({ hosts: { db: '10.0.0.5' } })
 * const reservations = new SharedArrayBuffer(RESERVATION_BYTES)
 * const { port1, port2 } = new MessageChannel()
 * port1.on('message', serveStack(stack, { port: port1, reservations, thread: 2 }))
 *
 * // In another thread, which got the attachment as `workerData`:
 * const attachment = { address: '', network: '', port: port2, reservations, thread: 2 }
 * using part = createNetStack({ parent: openStackPort(attachment) })
 * assert.deepEqual(await new Promise((resolve) => part.lookup('db', resolve)), ['10.0.0.5'])
 * ```
 */
export function openStackPort(attachment: StackAttachment): StackPort {
  return new RemoteStackPort(attachment, threadMeans())
}
