/**
 * A process in which a server and its client are guests of libvisor, in one thread or in one thread each. What it reads from its input the
 * client reads, and what the client prints it prints. Arguments: the program, and how many threads there are.
 */
import process from 'node:process'
import type { Guest, GuestOptions } from 'libvisor'
import { libvisorBuild } from '../libvisor-build.native.ts'

const [program, threads] = process.argv.slice(2) as [string, string]
const { createHost, hostDir } = await libvisorBuild()
const host = await createHost({ pool: { threads: Number(threads) } })

const options = (name: string, ...args: string[]): GuestOptions => ({
  name,
  isolation: 'context',
  entry: program,
  args,
  stdin: true,
  fs: { '/': hostDir('/') },
})

/** Starts a guest whose errors are shown. */
async function start(name: string, ...args: string[]): Promise<Guest> {
  const guest = await host.spawn(options(name, ...args))
  guest.stderr.pipe(process.stderr)
  return guest
}

const server = await start('server', 'server')
await server.listening(8080)
await server.listening(8081)
const client = await start('client', 'client', 'server')
client.stdout.pipe(process.stdout)
process.stdin.pipe(client.stdin!)
await client.exited
await host[Symbol.asyncDispose]()
process.exit()
