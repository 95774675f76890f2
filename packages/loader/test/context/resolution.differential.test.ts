import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareResolution } from '../compare-resolution.ts'
import { generated } from '../generated-packages.ts'
import { handWritten } from '../resolution-corners.table.ts'

describe('resolution in a context equals that of the Node that runs the tests', () => {
  test('in the corners that were written by hand', () => {
    const { count, differences } = compareResolution(handWritten, 'context')
    expect(differences).toEqual([])
    expect(count).toBeGreaterThan(1000)
  }, 180_000)

  test('in generated trees', () => {
    const { count, differences } = compareResolution(fc.sample(generated, { numRuns: 60, seed: 20_261_123 }), 'context')
    expect(differences).toEqual([])
    expect(count).toBeGreaterThan(800)
  }, 180_000)
})
