import process from 'node:process'
import type { GuestOptions } from 'libvisor'
import { libvisorBuild } from '../libvisor-build.native.ts'
import type { StartGuest } from './crowd-host.ts'
import { firstAnswer } from './first-answer.ts'

/**
 * Makes the options of guests of libvisor, as it is published: all on port 3000, each with a /data of its own, and
 * published on a free port of the host.
 */
export async function visorGuestOptions(
  program: string,
  isolation: 'context' | 'thread',
): Promise<(name: string) => GuestOptions> {
  const { hostDir, memory, overlay } = await libvisorBuild()
  return (name) => ({
    name,
    entry: program,
    isolation,
    fs: { '/': overlay({ lower: hostDir('/'), upper: memory() }), '/data': memory({ 'db.json': '{}' }) },
    net: { publish: [{ guestPort: 3000 }] },
    process: { env: { NODE_ENV: 'production' } },
  })
}

/** Starts guests of libvisor, all with one host. */
export async function visorGuests(program: string, isolation: 'context' | 'thread'): Promise<StartGuest> {
  const { createHost } = await libvisorBuild()
  const optionsOf = await visorGuestOptions(program, isolation)
  const host = await createHost()
  return async (index) => {
    const guest = await host.spawn(optionsOf(`guest-${index}`))
    guest.stdout.resume()
    guest.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk))
    const { published } = await guest.listening(3000)
    const port = Number(new URL(published!).port)
    await firstAnswer(port)
    return port
  }
}
