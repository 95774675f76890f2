import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from '@libvisor/testkit'
import type { ApiRecord } from '../scripts/node-api-record.ts'
import { mergeVersions } from '../scripts/node-api-record.ts'
import { coveragePage } from '../scripts/coverage-page.ts'

test('docs/coverage.md says what the support table says', async () => {
  const script = path.join(import.meta.dirname, '../scripts/coverage.ts')
  expect(await runScript([script, '--check'])).toMatchObject({ code: 0, stderr: '' })
})

test('the coverage page says which versions have what not all have, and why it is denied', () => {
  const record = JSON.parse(readFileSync(path.join(import.meta.dirname, '../data/node-api.json'), 'utf8')) as ApiRecord
  const page = coveragePage(record)
  expect(page).toContain('| denied | `queryObjects` | it finds objects of other guests and of the host |')
  expect(page).toContain('`mkdtempDisposableSync` (24, 26)')
  expect(page).toContain('## node:ffi\n\nDenied as a whole: it calls any native code of the host.')
})

test('a record says of each name which versions have it', () => {
  const merged = mergeVersions([
    { version: 'v22.1.0', api: { fs: ['open', 'old'] } },
    { version: 'v24.2.0', api: { fs: ['open', 'new'], ffi: ['call'] } },
  ])
  expect(merged).toEqual({
    versions: { 22: 'v22.1.0', 24: 'v24.2.0' },
    modules: { ffi: { 24: ['call'] }, fs: { 24: ['new'], 22: ['old'], '22 24': ['open'] } },
  })
})
