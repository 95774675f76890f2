/**
 * The apps of this example: published packages, as they came from the registry. Every one of them listens on port 4873
 * and keeps its data in /data/db.json, because none of them knows of the others.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { hostDir, memory, overlay } from 'libvisor'
import type { GuestOptions } from 'libvisor'

/** The port on which every app listens. */
export const PORT = 4873

/** The file that every app writes. */
export const DATA_FILE = '/data/db.json'

const require = createRequire(import.meta.url)

/** The command of a package in node_modules: a file of the host. */
function commandOf(packageName: string, command: string): URL {
  const manifest = require.resolve(`${packageName}/package.json`)
  return new URL(`file://${join(dirname(manifest), command)}`)
}

/** The host's files to read, `/data` and what else the app needs in memory. */
const files = (data: Record<string, string>): NonNullable<GuestOptions['fs']> => ({
  '/': overlay({ lower: hostDir('/'), upper: memory() }),
  '/data': memory(data),
})

/** A private npm registry that keeps its users in the data file. */
const registry = (name: string): GuestOptions => ({
  name,
  entry: commandOf('verdaccio', 'bin/verdaccio'),
  args: ['--config', '/data/verdaccio.yaml', '--listen', `0.0.0.0:${PORT}`],
  fs: files({
    'verdaccio.yaml': `
storage: /data/storage
auth: { htpasswd: { file: ${DATA_FILE}, algorithm: bcrypt, rounds: 4 } }
web: { title: ${name} }
uplinks: {}
packages: { '**': { access: $all, publish: $authenticated } }
log: { type: stdout, format: pretty, level: warn }
`,
  }),
})

/** A REST API over the data file. */
const posts: GuestOptions = {
  name: 'posts',
  entry: commandOf('json-server', 'lib/cli/bin.js'),
  args: ['--host', '0.0.0.0', '--port', String(PORT), '--quiet', DATA_FILE],
  fs: files({ 'db.json': JSON.stringify({ posts: [{ id: 1, title: 'hello' }] }) }),
}

/** A fastify plugin, served by fastify's own command; the plugin exists in memory only. */
const notes: GuestOptions = {
  name: 'notes',
  entry: commandOf('fastify-cli', 'cli.js'),
  args: ['start', '--address', '0.0.0.0', '--port', String(PORT), '/data/app.mjs'],
  fs: files({
    'app.mjs': `
import { readFile, writeFile } from 'node:fs/promises'
export default async function notes(app, options) {
  const read = () => readFile('${DATA_FILE}', 'utf8').then(JSON.parse, () => [])
  app.get('/notes', read)
  app.post('/notes', async (request, reply) => {
    const all = [...(await read()), request.body]
    await writeFile('${DATA_FILE}', JSON.stringify(all))
    return reply.code(201).send(request.body)
  })
}
`,
  }),
}

/** What is done to an app once it listens: real requests, and what their answers say. */
export interface App {
  readonly options: GuestOptions
  /** What a browser would open. */
  readonly path: string
  /** Makes it write its data file, and reads something back. */
  readonly exercise: (fetch: typeof globalThis.fetch, base: string) => Promise<string>
}

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** Signs a user up at a registry, and asks the registry who that is. */
const signUp =
  (user: string): App['exercise'] =>
  async (fetch, base) => {
    const account = json('PUT', { name: user, password: 'correct horse battery' })
    const created = (await (await fetch(`${base}/-/user/org.couchdb.user:${user}`, account)).json()) as {
      token: string
    }
    const asked = await fetch(`${base}/-/whoami`, { headers: { authorization: `Bearer ${created.token}` } })
    return `whoami: ${((await asked.json()) as { username: string }).username}`
  }

/** The apps, one of them twice. */
export const apps: readonly App[] = [
  { options: registry('registry-a'), path: '/-/ping', exercise: signUp('alice') },
  { options: registry('registry-b'), path: '/-/ping', exercise: signUp('bob') },
  {
    options: posts,
    path: '/posts',
    async exercise(fetch, base) {
      await fetch(`${base}/posts`, json('POST', { title: 'from outside' }))
      const all = (await (await fetch(`${base}/posts`)).json()) as { title: string }[]
      return `posts: ${all.map((post) => post.title).join(', ')}`
    },
  },
  {
    options: notes,
    path: '/notes',
    async exercise(fetch, base) {
      await fetch(`${base}/notes`, json('POST', { text: 'remember' }))
      const all = (await (await fetch(`${base}/notes`)).json()) as { text: string }[]
      return `notes: ${all.map((note) => note.text).join(', ')}`
    },
  },
]
