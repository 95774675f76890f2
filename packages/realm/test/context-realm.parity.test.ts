import { readdirSync } from 'node:fs'
import process from 'node:process'
import { runScript } from '@libvisor/testkit'
import { describe, expect, test } from 'vitest'

const folder = new URL('fixtures/', import.meta.url)
const inContext = new URL('programs/in-context.ts', import.meta.url).pathname

const flags = [
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=DeprecationWarning',
  '--experimental-vm-modules',
  // Without it, promises show the async context that they carry.
  ...(process.version.startsWith('v22.') ? ['--experimental-async-context-frame'] : []),
]

describe('in a context a program prints what it prints natively', () => {
  for (const name of readdirSync(folder)) {
    test(name.replace('.cjs', ''), { timeout: 60_000 }, async () => {
      const file = new URL(name, folder).pathname
      const [native, guest] = await Promise.all([runScript([...flags, file]), runScript([...flags, inContext, file])])
      expect(native.stderr).not.toMatch(/Error/)
      expect(guest.stdout.split('\n')).toEqual(native.stdout.split('\n'))
      expect(guest.code).toBe(native.code)
    })
  }
})
