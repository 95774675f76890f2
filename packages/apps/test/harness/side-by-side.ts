import { existsSync } from 'node:fs'
import type { ExitStatus, Isolation } from 'libvisor'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest'
import { isolations, startPair } from './pair.ts'
import type { Instance, Pair, Program } from './pair.ts'

/** A program that keeps notes, and how to talk to it. */
export interface NotesApp extends Program {
  /** Has it keep a note. */
  readonly add: (instance: Instance, text: string) => Promise<void>
  /** The notes that it says it has, in any order. */
  readonly list: (instance: Instance) => Promise<readonly string[]>
  /** How it ends when it is told to by SIGTERM. @defaultValue by the signal */
  readonly ends?: ExitStatus
}

/** What else a program does, by sentences that say it. */
export type Also = Readonly<Record<string, (pair: Pair, isolation: Isolation) => Promise<void>>>

/** Tests two guests of a program side by side: in each isolation on a host, with the same port and the same data path. */
export function sideBySide(app: NotesApp, also: Also): void {
  describe.each(isolations)(`two of ${app.name}, isolation '%s'`, (isolation) => {
    let pair: Pair
    const sorted = async (instance: Instance): Promise<readonly string[]> => (await app.list(instance)).toSorted()

    beforeAll(async () => {
      pair = await startPair(app, isolation)
    }, 120_000)

    beforeEach(() => {
      onTestFailed(() => {
        for (const { guest, output } of [pair.alice, pair.bob]) console.error(`${guest.name} wrote:\n${output()}`)
      })
    })

    afterAll(async () => {
      await pair?.[Symbol.asyncDispose]()
    })

    it("answer on the same port, and neither sees the other's data", async () => {
      const { alice, bob } = pair
      await Promise.all([app.add(alice, 'from alice'), app.add(bob, 'from bob')])
      await Promise.all([app.add(alice, 'alice again'), app.add(bob, 'bob again')])
      expect(await sorted(alice)).toEqual(['alice again', 'from alice'])
      expect(await sorted(bob)).toEqual(['bob again', 'from bob'])
      expect(existsSync('/data')).toBe(false)
    })

    it.each(Object.keys(also))('%s', async (sentence) => {
      await also[sentence]?.(pair, isolation)
    })

    it('go on when the other ends', async () => {
      const { alice, bob, host } = pair
      const before = await sorted(bob)
      alice.guest.kill('SIGTERM')
      expect(await alice.guest.exited).toEqual(app.ends ?? { code: null, signal: 'SIGTERM' })
      await expect(alice.fetch('/')).rejects.toThrow()
      await app.add(bob, 'on his own')
      expect(await sorted(bob)).toEqual([...before, 'on his own'].toSorted())
      expect([...host.guests.keys()]).toEqual(['bob'])
    })
  })
}

/** `add` and `list` of programs that serve `/notes` as JSON. */
export const rest: Pick<NotesApp, 'add' | 'list'> = {
  async add(instance, text) {
    const response = await instance.send('POST', '/notes', { text })
    expect([response.status, await response.text()]).toEqual([201, expect.any(String)])
  },
  list: (instance) => instance.json('/notes'),
}
