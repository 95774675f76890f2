/**
 * Writes docs/coverage.md out of the support table. With `--check` it writes nothing, and ends with code 1 when the page
 * is not what the table says.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { ApiRecord } from './node-api-record.ts'
import { coveragePage } from './coverage-page.ts'

const page = new URL('../../../docs/coverage.md', import.meta.url)
const record = new URL('../data/node-api.json', import.meta.url)

const text = coveragePage(JSON.parse(readFileSync(record, 'utf8')) as ApiRecord)
if (!process.argv.includes('--check')) {
  writeFileSync(page, text)
} else if (readFileSync(page, 'utf8') !== text) {
  process.stderr.write('docs/coverage.md is out of date: run node packages/core/scripts/coverage.ts\n')
  process.exitCode = 1
}
