import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createHost, hostDir, memory } from 'libvisor'

/** Long enough for a thread to make the next realm ahead. */
const quietMs = 300

test('a guest whose realm was made ahead finds what the first guest found, and nothing of those before it', async () => {
  // Of what was written just now nothing is remembered, and only of large JSON.
  const app = mkdtempSync(path.join(tmpdir(), 'visor-later-'))
  try {
    const program = new URL('programs/leave-traces.cjs', import.meta.url).pathname
    writeFileSync(path.join(app, 'main.cjs'), readFileSync(program))
    writeFileSync(path.join(app, 'double.cjs'), 'module.exports = function double(value) { return value * 2 }')
    const rows = Array.from({ length: 1000 }, (_, id) => ({ id, name: `row ${id}` }))
    writeFileSync(path.join(app, 'rows.json'), JSON.stringify(rows))
    await delay(2500)

    await using host = await createHost({ pool: { threads: 1 } })
    const run = async (): Promise<string> => {
      const guest = await host.spawn({
        name: 'one-of-many',
        isolation: 'context',
        entry: '/app/main.cjs',
        fs: { '/app': hostDir(app), '/data': memory() },
      })
      const said = await text(guest.stdout as never)
      expect(await guest.exited).toMatchObject({ code: 0 })
      await delay(quietMs)
      return said
    }
    const first = await run()
    expect(JSON.parse(first)).toMatchObject({ name: 'one-of-many', double: 42, text: 'left behind', written: [] })
    for (let count = 0; count < 5; count++) expect(await run()).toBe(first)
  } finally {
    rmSync(app, { recursive: true })
  }
}, 30_000)
