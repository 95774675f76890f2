import assert from 'node:assert/strict'
import { test } from 'vitest'
import { formatDensity, isDense } from '../src/density/density-table.ts'
import type { DensityFigures } from '../src/density/density-table.ts'

const processes: DensityFigures = { memoryMb: [20, 22, 21], startMs: [60], perSecond: [1000] }
const contexts: DensityFigures = { memoryMb: [2, 2.2, 2.1], startMs: [10], perSecond: [950] }

test('formatDensity() shows what contexts gain over processes, and what was not measured', () => {
  const watt: DensityFigures = { memoryMb: [94], startMs: [900], perSecond: [] }
  const table = formatDensity(
    new Map([
      ['process', processes],
      ['watt', watt],
      ['context', contexts],
    ]),
  )
  assert.deepEqual(
    table.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['express app', 'node process', 'watt', 'visor context', 'gain', 'target'],
      ['memory of a further guest', '21.0 MB', '94.0 MB', '2.1 MB', '10.00 ×', '≥ 7.00 ×, ≤ 3.0 MB', '✓'],
      ['start of a further guest', '60.0 ms', '900 ms', '10.0 ms', '6.00 ×', '≥ 5.00 ×', '✓'],
      ['requests to one guest', '1,000 /s', '–', '950 /s', '0.95 ×', '≥ 0.90 ×', '✓'],
    ],
  )
})

test('isDense() holds contexts to the gain and to the most they may cost', () => {
  const of = (changed: Partial<DensityFigures>) =>
    isDense(
      new Map([
        ['process', { ...processes, memoryMb: [50] }],
        ['context', { ...contexts, memoryMb: [3], ...changed }],
      ]),
    )
  assert.equal(of({}), true)
  assert.equal(of({ memoryMb: [3.1] }), false)
  assert.equal(of({ startMs: [13] }), false)
  assert.equal(of({ perSecond: [899] }), false)
})
