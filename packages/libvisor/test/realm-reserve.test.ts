import { runScript } from '@libvisor/testkit'
import { expect, test } from 'vitest'

const takeRealms = async (...flags: string[]): Promise<unknown> => {
  const program = new URL('programs/take-realms.ts', import.meta.url).pathname
  const { stdout } = await runScript(['--disable-warning=ExperimentalWarning', ...flags, program])
  return JSON.parse(stdout)
}

test('a realm is made ahead when a second guest has started and the thread has time, and is given to one guest', async () => {
  const made = { first: false, afterOne: false, atOnce: false, afterSome: true, different: true }
  expect(await takeRealms()).toEqual(made)
})

test('under a debugger each realm is made for its guest, whose name it has there', async () => {
  expect(await takeRealms('--inspect=0')).toMatchObject({ afterSome: false })
})
