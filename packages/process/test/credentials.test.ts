import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIdentity } from '@libvisor/process'
import { parseAccounts, parseGroups } from '../src/state/accounts.ts'
import { setEffectiveGid, setEffectiveUid, setGid, setUid } from '../src/state/identity.ts'

const rules = { setuid: setUid, seteuid: setEffectiveUid, setgid: setGid, setegid: setEffectiveGid }
type Call = readonly [name: keyof typeof rules, id: number]

const call: fc.Arbitrary<Call> = fc.tuple(
  fc.constantFrom<keyof typeof rules>('setuid', 'seteuid', 'setgid', 'setegid'),
  fc.constantFrom(0, 1000, 1001),
)

/** The same calls on a real process, which has to be the superuser's. */
const program = `
  const lists = JSON.parse(process.argv[1])
  const { execFileSync } = require('child_process')
  if (process.argv[2] === 'one') {
    const seen = lists.map(([name, id]) => {
      let ok = true
      try { process[name](id) } catch { ok = false }
      return [ok, process.getuid(), process.geteuid(), process.getgid(), process.getegid()]
    })
    console.log(JSON.stringify(seen))
  }`

describe('the rules of setuid and its family', () => {
  it.runIf(process.getuid?.() === 0)("are the kernel's", () => {
    for (const calls of fc.sample(fc.array(call, { minLength: 3, maxLength: 8 }), { seed: 3, numRuns: 12 })) {
      const output = execFileSync(process.execPath, ['-e', program, '--', JSON.stringify(calls), 'one'], {
        encoding: 'utf8',
      })
      const identity = createIdentity()
      const ours = calls.map(([name, id]) => {
        const ok = rules[name](identity, id)
        return [ok, identity.realUid, identity.uid, identity.realGid, identity.gid]
      })
      expect(ours, JSON.stringify(calls)).toEqual(JSON.parse(output))
    }
  })

  it('let nobody but the superuser become another', () => {
    const identity = createIdentity({ uid: 1000, gid: 1000 })
    expect([setUid(identity, 0), setEffectiveUid(identity, 1001), setUid(identity, 1000)]).toEqual([false, false, true])
  })

  it('give back what was saved', () => {
    const identity = createIdentity()
    expect([setEffectiveUid(identity, 1000), identity.uid, setEffectiveUid(identity, 0), identity.uid]).toEqual([
      true,
      1000,
      true,
      0,
    ])
    expect([setUid(identity, 1000), setUid(identity, 0)]).toEqual([true, false])
  })
})

describe('accounts', () => {
  it('are read from the text of /etc/passwd and /etc/group', () => {
    expect(parseAccounts('# comment\nroot:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1000:1001::/home/app:\n')).toEqual([
      { username: 'root', uid: 0, gid: 0, homedir: '/root', shell: '/bin/sh' },
      { username: 'app', uid: 1000, gid: 1001, homedir: '/home/app', shell: null },
    ])
    expect(parseGroups('wheel:x:10:app,root\nempty:x:11:\n')).toEqual([
      { name: 'wheel', gid: 10, members: ['app', 'root'] },
      { name: 'empty', gid: 11, members: [] },
    ])
  })
})
