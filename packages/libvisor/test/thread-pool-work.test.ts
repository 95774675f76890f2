import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createHost, memory } from 'libvisor'

/** What a program in a context prints until it ends by itself. */
async function printed(source: string): Promise<string> {
  await using host = await createHost({ pool: { threads: 1 } })
  const guest = await host.spawn({
    name: 'a',
    isolation: 'context',
    entry: '/main.cjs',
    fs: { '/': memory({ '/main.cjs': source }) },
  })
  const [output] = await Promise.all([text(guest.stdout), guest.exited])
  return output
}

test.each([
  ['compression', `require('zlib').gzip('a'.repeat(1e6), () => console.log('done'))`],
  ['a key derivation', `require('crypto').pbkdf2('a', 'b', 1e5, 32, 'sha256', () => console.log('done'))`],
  ['random bytes', `require('crypto').randomBytes(8, () => console.log('done'))`],
  ['web cryptography', `crypto.subtle.digest('SHA-256', Buffer.alloc(1e6)).then(() => console.log('done'))`],
  ['reading a file', `require('fs').readFile('/main.cjs', () => console.log('done'))`],
  ['reading a directory', `require('fs').opendir('/', (_, dir) => dir.read(() => console.log('done')))`],
])('%s keeps its guest alive until it is done', async (_, source) => {
  expect(await printed(source)).toBe('done\n')
})

test('output of a zlib stream that nobody reads keeps no guest alive', async () => {
  const source = `const zlib = require('zlib')
    zlib.createGunzip().end(zlib.gzipSync(Buffer.alloc(1e6)))
    process.on('exit', () => console.log('ended'))`
  expect(await printed(source)).toBe('ended\n')
})

test('a call of fs that is refused keeps no guest alive', async () => {
  const source = `try { require('fs').readlink(null, () => {}) } catch ({ code }) { console.log(code) }`
  expect(await printed(source)).toBe('ERR_INVALID_ARG_TYPE\n')
})
