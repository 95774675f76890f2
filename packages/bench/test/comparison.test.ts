import assert from 'node:assert/strict'
import { test } from 'vitest'
import { isMet, measurePairs, median } from '../src/comparison.ts'
import { formatTable } from '../src/table.ts'

test('median() takes the middle, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 3, 2]), 2.5)
})

test('measurePairs() leaves out the first of each and takes turns at going first', async () => {
  const order: string[] = []
  let next = 0
  const measured = await measurePairs(
    2,
    () => (order.push('bare'), next++),
    () => (order.push('guest'), next++),
  )
  assert.deepEqual(order, ['bare', 'guest', 'bare', 'guest', 'guest', 'bare'])
  assert.deepEqual(measured, { bare: [2, 5], guest: [3, 4] })
})

test('a time must stay below its ratio and a rate above it', () => {
  const time = { name: 'time', unit: 'ms', bare: [10], target: { bound: 'at most', ratio: 1.5 } } as const
  assert.equal(isMet({ ...time, guest: [15] }), true)
  assert.equal(isMet({ ...time, guest: [16] }), false)
  const rate = { name: 'rate', unit: '/s', bare: [100], target: { bound: 'at least', ratio: 0.9 } } as const
  assert.equal(isMet({ ...rate, guest: [90] }), true)
  assert.equal(isMet({ ...rate, guest: [89] }), false)
})

test('formatTable() shows medians, ratio and target', () => {
  const table = formatTable([
    { name: 'time', unit: 'ms', bare: [10], guest: [16], target: { bound: 'at most', ratio: 1.5 } },
    { name: 'memory', unit: 'MB', bare: [1000], guest: [1500] },
  ])
  assert.deepEqual(
    table.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['benchmark', 'bare node', 'libvisor', 'ratio', 'target'],
      ['time', '10.0 ms', '16.0 ms', '1.60', '≤ 1.50', '✗'],
      ['memory', '1,000 MB', '1,500 MB', '1.50', '–'],
    ],
  )
})
