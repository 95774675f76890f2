import { existsSync, mkdirSync } from 'node:fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { hostDir } from 'libvisor'
import { afterAll, expect } from 'vitest'
import { programFile } from './harness/pair.ts'
import { rest, sideBySide } from './harness/side-by-side.ts'

/** SQLite opens files natively: its database is in a directory of the host, which is `/data` in the guest. */
const directories = temporaryDirectory()
let made = 0

afterAll(() => directories[Symbol.dispose]())

sideBySide(
  {
    name: 'node:sqlite',
    entry: programFile('sqlite/server.js'),
    port: 3000,
    mounts(guest) {
      const directory = directories.resolve(`${guest}-${++made}`)
      mkdirSync(directory)
      return { '/data': hostDir(directory, { mode: 'rw' }) }
    },
    ...rest,
  },
  {
    async 'hold to the constraints of their tables'({ alice, bob }) {
      const twice = await alice.send('POST', '/notes', { text: 'from alice' })
      expect([twice.status, await twice.json()]).toEqual([
        409,
        { code: 'ERR_SQLITE_ERROR', message: 'UNIQUE constraint failed: notes.text' },
      ])
      expect((await bob.send('POST', '/notes', { text: 'from alice' })).status).toBe(201)
    },

    async 'keep their databases in the directories they were given'({ alice }) {
      expect(directories.list()).toEqual(expect.arrayContaining([`alice-${made - 1}/notes.db`, `bob-${made}/notes.db`]))
      expect(String(await alice.guest.fs.readFile('/data/notes.db')).slice(0, 15)).toBe('SQLite format 3')
      expect(existsSync('/data/notes.db')).toBe(false)
    },
  },
)
