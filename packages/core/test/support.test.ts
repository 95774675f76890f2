import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { areaOf, deniedModules, supportOf, supportRows, supportedIds } from '@libvisor/core'
import { supportTable } from '../src/support.table.ts'
import { namesIn } from '../scripts/node-api-record.ts'
import type { ApiNames, ApiRecord } from '../scripts/node-api-record.ts'
import { probeNode } from '../scripts/node-api.ts'

const record = JSON.parse(readFileSync(new URL('../data/node-api.json', import.meta.url), 'utf8')) as ApiRecord
const running = probeNode(process.execPath)

/** What is in an API and not in the table. */
function unclassified(api: ApiNames): string[] {
  return Object.entries(api).flatMap(([id, names]) => {
    if (supportOf(id) === undefined) return [id]
    return names.filter((name) => supportOf(id, name) === undefined).map((name) => `${id}.${name}`)
  })
}

describe('the support table', () => {
  test('classifies every export of every built-in of the running Node', () => {
    expect(Object.keys(running.api).length).toBeGreaterThan(60)
    expect(unclassified(running.api)).toEqual([])
  })

  test('classifies every export of every built-in of Node 22, 24 and 26', () => {
    expect(Object.keys(record.versions)).toEqual(['22', '24', '26'])
    const api = Object.fromEntries(Object.keys(record.modules).map((id) => [id, [...namesIn(record, id)]]))
    expect(unclassified(api)).toEqual([])
  })

  test('has no row that no supported version has', () => {
    const known = (id: string): ReadonlySet<string> => new Set([...namesIn(record, id), ...(running.api[id] ?? [])])
    const stale = supportedIds().flatMap((id) => {
      if (record.modules[id] === undefined) return [id]
      return [...supportRows(id).keys()].filter((name) => !known(id).has(name)).map((name) => `${id}.${name}`)
    })
    expect(stale).toEqual([])
  })

  test('has every name in one list only', () => {
    const twice = Object.entries(supportTable).flatMap(
      ([id, { pure = '', virtual = '', rides = [], host = [], denied = [] }]) => {
        const lists = [pure, virtual, ...[...rides, ...host, ...denied].map(([names]) => names)]
        const names = lists.flatMap((list) => list.split(/\s+/)).filter((name) => name !== '')
        return names.filter((name, i) => names.indexOf(name) !== i).map((name) => `${id}.${name}`)
      },
    )
    expect(twice).toEqual([])
  })

  test('has notes only on names that are in its lists', () => {
    const loose = Object.entries(supportTable).flatMap(([id, { notes = [] }]) =>
      notes.flatMap(([names]) => names.split(' ')).filter((name) => !supportRows(id).has(name)),
    )
    expect(loose).toEqual([])
  })

  test('gives a reason for all that is denied or works on the host', () => {
    const silent = supportedIds().flatMap((id) =>
      [...supportRows(id)]
        .filter(([, { support, reason = '' }]) => (support === 'denied' || support === 'host') && reason === '')
        .map(([name]) => `${id}.${name}`),
    )
    expect(silent).toEqual([])
  })

  test.runIf(Object.values(record.versions).includes(process.version))(
    'is held against a record that is up to date',
    () => {
      const major = process.versions.node.split('.')[0] ?? ''
      const recorded = Object.fromEntries(
        Object.entries(record.modules).map(([id, groups]) => [
          id,
          Object.entries(groups)
            .flatMap(([majors, names]) => (majors.split(' ').includes(major) ? names : []))
            .sort(),
        ]),
      )
      for (const [id, names] of Object.entries(running.api)) expect([id, recorded[id]]).toEqual([id, [...names].sort()])
    },
  )
})

describe('supportOf()', () => {
  test('takes the name of a built-in with and without node:', () => {
    expect(supportOf('node:fs', 'open')).toEqual({ support: 'virtual' })
    expect(supportOf('fs', 'open')).toEqual({ support: 'virtual' })
  })

  test('answers for what an export object holds as for the object, unless it has a row of its own', () => {
    expect(supportOf('crypto', 'webcrypto.subtle')?.support).toBe('pure')
    expect(supportOf('crypto', 'webcrypto.getRandomValues')?.support).toBe('virtual')
    expect(supportOf('v8', 'startupSnapshot.addSerializeCallback')?.support).toBe('denied')
    expect(supportOf('v8', 'startupSnapshot.isBuildingSnapshot')?.support).toBe('pure')
  })

  test('knows neither what is not there nor what objects inherit', () => {
    for (const id of ['no-such-module', 'constructor', '__proto__', '']) expect(supportOf(id)).toBeUndefined()
    for (const name of ['noSuchExport', 'constructor', '__proto__', '', '.open'])
      expect(supportOf('fs', name)).toBeUndefined()
  })

  test('answers for a built-in as a whole with the most that one of its exports does', () => {
    const whole = ['fs', 'sqlite', 'querystring', 'ffi'].map((id) => supportOf(id)?.support)
    expect(whole).toEqual(['virtual', 'host', 'pure', 'denied'])
  })

  test('tells what an export works through that is not itself replaced', () => {
    expect(supportOf('https', 'request')?.ridesOn).toMatch(/net\.Socket/)
  })
})

test('deniedModules names each built-in that a guest cannot ask for, with the reason', () => {
  expect([...deniedModules.keys()].sort()).toEqual(['dtls', 'ffi', 'quic', 'sea', 'vfs', 'wasi'])
  for (const [id, reason] of deniedModules) expect(supportOf(id, 'anything')).toEqual({ support: 'denied', reason })
})

test('areaOf() names the area that owns a built-in', () => {
  expect(areaOf('node:dns')).toBe('net')
  expect(areaOf('querystring')).toBeUndefined()
})
