import { original } from '@libvisor/abi'
import { RemoteSwitchPort } from '../state/remote-switch-port.ts'
import type { SwitchAttachment } from '../state/switch-protocol.ts'
import { Switch } from '../state/switch.ts'
import type { SwitchOptions } from '../state/switch.ts'
import type { SwitchPort } from '../types.ts'

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
  return new Switch(original('worker_threads').MessageChannel, options)
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
  return new RemoteSwitchPort(attachment, original('worker_threads').MessageChannel)
}
