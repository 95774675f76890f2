/**
 * What the random area needs of the host, captured before anything is patched.
 */
import type * as crypto from 'node:crypto'
import { host, original } from '@libvisor/abi'

/** `Math.random` as it was. */
export const hostRandom: () => number = host.random

/** `crypto` as it was, loaded when it is first asked for. */
export const originalCrypto = (): typeof crypto => original('crypto')
