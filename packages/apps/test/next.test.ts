import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { rest, sideBySide } from './harness/side-by-side.ts'

const app = new URL('../../../.tmp/next-app/', import.meta.url)

if (existsSync(new URL('.next/BUILD_ID', app))) {
  sideBySide(
    {
      name: 'a Next.js production server',
      entry: new URL('node_modules/next/dist/bin/next', app),
      args: ['start'],
      port: 3000,
      options: () => ({
        process: { cwd: fileURLToPath(app), env: { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' } },
      }),
      add: rest.add,
      list: rest.list,
      ends: { code: 143, signal: null },
    },
    {
      async 'render pages on the server'({ alice, bob }) {
        for (const [instance, mine] of [
          [alice, '<li>from alice</li><li>alice again</li>'],
          [bob, '<li>from bob</li><li>bob again</li>'],
        ] as const) {
          const page = await (await instance.fetch('/')).text()
          expect(page).toContain(`<ul>${mine}</ul><button>0</button>`)
        }
      },

      async 'serve what was rendered by the build, and the chunks of its client'({ alice }) {
        const page = await (await alice.fetch('/about')).text()
        expect(page).toContain('<p>Static since the build.</p>')
        const chunk = String(/\/_next\/static\/[^"]+\.js/.exec(page))
        const script = await alice.fetch(chunk)
        expect([script.status, script.headers.get('cache-control')]).toEqual([
          200,
          'public, max-age=31536000, immutable',
        ])
        expect((await alice.fetch('/nowhere')).status).toBe(404)
      },

      async 'stream the payload of a page to the router of a client'({ bob }) {
        const payload = await bob.fetch('/', { headers: { rsc: '1' } })
        expect(payload.headers.get('content-type')).toBe('text/x-component')
        expect(await payload.text()).toContain('from bob')
      },
    },
  )
} else {
  it.skip('two of a Next.js production server: not built, see packages/apps/scripts/build-next.ts', () => {})
}
