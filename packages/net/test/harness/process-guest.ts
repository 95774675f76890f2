/** The entry of a guest's process: its network comes by the unix socket that it has inherited. */
import net from 'node:net'
import process from 'node:process'
import { openSwitchStream } from '../../src/index.ts'
import { startGuest } from './start-guest.ts'

const { GUEST_NAME: name = '', GUEST_ADDRESS: address = '', GUEST_NETWORK: network = '' } = process.env
const [program = ''] = process.argv.slice(2)
await startGuest(name, openSwitchStream({ address, network, stream: new net.Socket({ fd: 3 }) }), program)
