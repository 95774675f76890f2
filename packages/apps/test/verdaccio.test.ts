import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { memory } from 'libvisor'
import { expect } from 'vitest'
import type { Instance } from './harness/pair.ts'
import { sideBySide } from './harness/side-by-side.ts'

const require = createRequire(import.meta.url)
const directory = dirname(require.resolve('verdaccio/package.json'))

const config = `
storage: /data/storage
auth: { htpasswd: { file: /data/htpasswd, algorithm: bcrypt, rounds: 4 } }
uplinks: {}
packages: { '**': { access: $all, publish: $authenticated } }
log: { type: stdout, format: pretty, level: http }
`

/** Tokens of the user that was made at each registry. */
const tokens = new WeakMap<Instance, string>()

async function signUp(instance: Instance): Promise<string> {
  const user = instance.guest.name
  const answer = await instance.send('PUT', `/-/user/org.couchdb.user:${user}`, { name: user, password: 'a long one' })
  expect(answer.status).toBe(201)
  const { token } = (await answer.json()) as { token: string }
  tokens.set(instance, token)
  return token
}

/** What `npm publish` sends. */
function publication(name: string, tarball: Buffer, base: string): object {
  const shasum = createHash('sha1').update(tarball).digest('hex')
  const file = `${name}-1.0.0.tgz`
  return {
    _id: name,
    name,
    'dist-tags': { latest: '1.0.0' },
    versions: {
      '1.0.0': { name, version: '1.0.0', dist: { shasum, tarball: `${base}/${name}/-/${file}` } },
    },
    _attachments: {
      [file]: {
        content_type: 'application/octet-stream',
        data: tarball.toString('base64'),
        length: tarball.length,
      },
    },
  }
}

/** Names of packages know no spaces. */
const packageName = (text: string): string => text.replaceAll(' ', '-')

sideBySide(
  {
    name: 'verdaccio',
    entry: new URL(`file://${join(directory, 'bin/verdaccio')}`),
    args: ['--config', '/data/verdaccio.yaml', '--listen', '0.0.0.0:4873'],
    port: 4873,
    mounts: () => ({ '/data': memory({ 'verdaccio.yaml': config }) }),
    async add(instance, text) {
      const name = packageName(text)
      const authorization = `Bearer ${tokens.get(instance) ?? (await signUp(instance))}`
      const body = publication(name, Buffer.from(`not really gzip: ${name}`), instance.url)
      const answer = await instance.send('PUT', `/${name}`, body, { authorization })
      expect([answer.status, await answer.json()]).toMatchObject([201, { success: true }])
    },
    async list(instance) {
      const { objects } = await instance.json<{ objects: { package: { name: string } }[] }>(
        '/-/v1/search?text=&size=20',
      )
      return objects.map((object) => object.package.name.replaceAll('-', ' '))
    },
  },
  {
    async 'give out what was published'({ alice }) {
      const { dist } = await alice.json<{ dist: { shasum: string; tarball: string } }>('/from-alice/latest')
      const tarball = Buffer.from(await (await alice.fetch(new URL(dist.tarball).pathname)).arrayBuffer())
      expect(tarball.toString()).toBe('not really gzip: from-alice')
      expect(createHash('sha1').update(tarball).digest('hex')).toBe(dist.shasum)
    },

    async 'know their own users only'({ alice, bob }) {
      const headers = { authorization: `Bearer ${tokens.get(alice)}` }
      expect(await (await alice.fetch('/-/whoami', { headers })).json()).toEqual({ username: 'alice' })
      expect(await (await bob.fetch('/-/whoami', { headers })).json()).toEqual({})
      expect(await alice.guest.fs.readFile('/data/htpasswd', 'utf8')).toMatch(/^alice:\$2/)
      expect(await bob.guest.fs.readFile('/data/htpasswd', 'utf8')).toMatch(/^bob:\$2/)
    },

    async 'refuse to publish for nobody'({ bob }) {
      const body = publication('by-nobody', Buffer.from('nothing'), bob.url)
      expect((await bob.send('PUT', '/by-nobody', body)).status).toBe(401)
    },
  },
)
