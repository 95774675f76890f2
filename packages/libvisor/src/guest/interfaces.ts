import type { SwitchPort } from '@libvisor/net'
import { loopback } from '@libvisor/process'
import type { Interfaces } from '@libvisor/process'

/**
 * The network interfaces of a guest: loopback, and `eth0` where it is on the guests' network.
 *
 * @param switchPort - its way to other guests, if any
 * @returns what `os.networkInterfaces()` lists
 */
export function interfacesOf(switchPort: Pick<SwitchPort, 'address' | 'network'> | undefined): Interfaces {
  if (switchPort === undefined || switchPort.address === '') return loopback
  const { address, network } = switchPort
  const bits = Number(network.split('/')[1])
  const bytes = address.split('.').map(Number)
  const netmask = bytes.map((_byte, index) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - 8 * index)))).join('.')
  return {
    ...loopback,
    eth0: [
      {
        address,
        netmask,
        family: 'IPv4',
        // Locally administered, and as unique as the address.
        mac: ['02', '42', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':'),
        internal: false,
        cidr: `${address}/${bits}`,
      },
    ],
  }
}
