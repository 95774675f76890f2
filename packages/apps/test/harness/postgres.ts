import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'

/** A PostgreSQL server for tests. */
export interface Postgres extends AsyncDisposable {
  /** Where guests reach it: their own 127.0.0.1 is not the host's. */
  readonly address: string
  readonly port: number
  /** Runs SQL, each statement in a transaction of its own. */
  sql(text: string): string
}

/** Where the system's packages put the server. */
function findServer(): string | undefined {
  const versions = '/usr/lib/postgresql'
  const folders = [
    ...(existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : []),
    '/usr/local/bin',
    '/usr/bin',
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/** An address of this machine's that is not its loopback. */
function ownAddress(): string | undefined {
  const faces = Object.values(networkInterfaces()).flatMap((face) => face ?? [])
  return faces.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}

/** PostgreSQL does not run as root: whoever runs it then. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string): number => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function freePort(address: string): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Why there can be no PostgreSQL server here, or `undefined` where there can. */
export function whyNoPostgres(): string | undefined {
  if (findServer() === undefined) return 'no PostgreSQL server is installed'
  if (ownAddress() === undefined) return 'this machine has no address but its loopback'
  return undefined
}

/** Starts a server with files of its own, which trusts everybody. */
export async function startPostgres(): Promise<Postgres> {
  const bin = findServer()
  const address = ownAddress()
  if (bin === undefined || address === undefined) throw new Error(whyNoPostgres())
  const user = serverUser()
  const directory = mkdtempSync(join(tmpdir(), 'postgres-'))
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  const data = join(directory, 'data')
  const asUser = { ...user, cwd: directory }
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'tester', '-A', 'trust', '-N', '-E', 'UTF8'], asUser)
  // Its own machine only, whichever of its addresses is used.
  execFileSync('sh', ['-c', `echo 'host all all ${address}/32 trust' >> '${data}/pg_hba.conf'`], asUser)
  const port = await freePort(address)
  const settings = { listen_addresses: address, port, unix_socket_directories: directory, fsync: 'off' }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...options], {
    ...asUser,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let log = ''
    server.stderr.on('data', (chunk: Buffer) => {
      log += String(chunk)
      if (log.includes('ready to accept connections')) resolve()
    })
    server.once('exit', () => reject(new Error(`PostgreSQL does not start:\n${log}`)))
  })
  return {
    address,
    port,
    sql: (text) =>
      execFileSync(join(bin, 'psql'), ['-h', directory, '-p', String(port), '-U', 'tester', '-Atc', text, 'postgres'], {
        encoding: 'utf8',
      }),
    async [Symbol.asyncDispose]() {
      // Ends it at once: clients are cut off, and nothing is to be kept.
      server.kill('SIGQUIT')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
