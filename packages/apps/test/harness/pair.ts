import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createHost, hostDir, memory, overlay } from 'libvisor'
import type { Guest, GuestOptions, Host, Isolation, MountSpec } from 'libvisor'

/** Where guests run in these tests. */
export const isolations: readonly Isolation[] = ['thread', 'context']

/** A program as it is on disk, and how it is started. */
export interface Program {
  readonly name: string
  /** A file of the host, or a path in the guest. */
  readonly entry: URL | string
  readonly args?: readonly string[]
  /** On which it listens, both times. */
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
  /** Further mounts of the guest of a name. */
  readonly mounts?: (guest: string) => Readonly<Record<string, MountSpec>>
  readonly options?: (guest: string) => Partial<GuestOptions>
}

/** One of the two guests that run a program. */
export interface Instance {
  readonly guest: Guest
  readonly url: string
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The body of the answer to GET, parsed. */
  json<T = unknown>(path: string): Promise<T>
  /** Sends JSON. */
  send(method: string, path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  /** What it has written to stdout and stderr. */
  output(): string
}

/** A host with two guests that run the same program. */
export interface Pair extends AsyncDisposable {
  readonly host: Host
  readonly alice: Instance
  readonly bob: Instance
}

/** How long a program may take until it listens. */
const START_MS = 60_000

/** The URL of a file in `programs/`. */
export const programFile = (path: string): URL => new URL(`../../programs/${path}`, import.meta.url)

/** The path of a file in `programs/`. */
export const programPath = (path: string): string => fileURLToPath(programFile(path))

/** Starts a guest with the host's files to read and `/data` in memory; every other write is dropped with the guest. */
export async function start(
  host: Host,
  name: string,
  options: Partial<GuestOptions> & { readonly entry: URL | string },
): Promise<Omit<Instance, 'url' | 'json' | 'send' | 'fetch'>> {
  const guest = await host.spawn({
    name,
    ...options,
    fs: { '/': overlay({ lower: hostDir('/'), upper: memory() }), '/data': memory(), ...options.fs },
  })
  let text = ''
  for (const stream of [guest.stdout, guest.stderr]) stream.on('data', (chunk: Buffer) => (text += String(chunk)))
  return { guest, output: () => text }
}

async function startInstance(host: Host, name: string, program: Program, isolation: Isolation): Promise<Instance> {
  const { entry, args, env, port, mounts, options } = program
  const { guest, output } = await start(host, name, {
    entry,
    isolation,
    ...(args && { args }),
    process: { env: { NODE_ENV: 'production', ...env } },
    fs: mounts?.(name) ?? {},
    ...options?.(name),
  })
  const deadline = new AbortController()
  const tooLate = delay(START_MS, undefined, { signal: deadline.signal, ref: false }).then(() => {
    throw new Error(`${name} does not listen on port ${port} after ${START_MS} ms`)
  })
  tooLate.catch(() => {})
  try {
    await Promise.race([guest.listening(port), tooLate])
  } catch (cause) {
    // What it wrote last may still be on its way.
    await delay(100)
    throw new Error(`${program.name} as '${name}' does not serve. It wrote:\n${output()}`, { cause })
  } finally {
    deadline.abort()
  }
  const url = `http://${name}:${port}`
  const fetch: Instance['fetch'] = (path, init) => host.fetch(url + path, init)
  return {
    guest,
    url,
    output,
    fetch,
    async json<T>(path: string) {
      return (await (await fetch(path)).json()) as T
    },
    send: (method, path, body, headers) =>
      fetch(path, { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }),
  }
}

/** Starts a program twice, on a host of its own. */
export async function startPair(program: Program, isolation: Isolation): Promise<Pair> {
  // Guests in contexts share a thread.
  const host = await createHost({ pool: { threads: 1 } })
  try {
    const [alice, bob] = await Promise.all([
      startInstance(host, 'alice', program, isolation),
      startInstance(host, 'bob', program, isolation),
    ])
    return { host, alice, bob, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
  } catch (error) {
    await host[Symbol.asyncDispose]()
    throw error
  }
}
