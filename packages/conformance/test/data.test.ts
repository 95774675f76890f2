import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { areaOfTest } from '../src/areas.ts'
import { parseKnownFailures, readKnownFailures } from '../src/known-failures.ts'
import { parseResults, readResults } from '../src/results.ts'
import { isPlain, readTraits } from '../src/traits.ts'

const folder = path.join(import.meta.dirname, '..')
const native = readResults(path.join(folder, 'data/native.tsv'))
const traits = readTraits(path.join(folder, 'data/traits.tsv'))

describe('the data of the package', () => {
  test('has the outcome of every file of the suite in a native run', () => {
    expect(native.size).toBeGreaterThan(3900)
    const passed = [...native.values()].filter(({ outcome }) => outcome === 'pass')
    expect(passed.length / native.size).toBeGreaterThan(0.8)
  })

  test('tells of every file of the suite what it needs', () => {
    expect([...native.keys()].filter((file) => !traits.has(file))).toEqual([])
    const plain = [...native.keys()].filter((file) => native.get(file)?.outcome === 'pass' && isPlain(file, traits))
    expect(plain.length).toBeGreaterThan(1300)
  })

  test.each(readdirSync(path.join(folder, 'known-failures')))('%s lists only files that pass natively', (name) => {
    const known = readKnownFailures(path.join(folder, 'known-failures', name))
    expect([...known.keys()].filter((file) => native.get(file)?.outcome !== 'pass')).toEqual([])
  })

  test('puts nearly every test into an area', () => {
    const other = [...native.keys()].filter((file) => areaOfTest(file) === 'other')
    expect(other.length / native.size).toBeLessThan(0.05)
  })
})

describe('known failures', () => {
  test('have a reason of a fixed kind', () => {
    expect(() => parseKnownFailures('test-a.js\tbecause\tof it')).toThrow(
      "'because' of test-a.js is none of needs-children",
    )
  })

  test('say what is missing where something is not there yet', () => {
    expect(() => parseKnownFailures('test-a.js\tnot-yet')).toThrow('test-a.js is not-yet: say what is missing')
  })

  test('stand in the list once', () => {
    expect(() => parseKnownFailures('test-a.js\ttiming\n# again\ntest-a.js\ttiming')).toThrow('stands there twice')
  })
})

test('a line that is no result is an error', () => {
  expect(() => parseResults('test-a.js\tperhaps')).toThrow("No result: 'test-a.js\tperhaps'")
})

test.each([
  ['test-fs-read.js', 'fs'],
  ['test-http2-connect.js', 'http2'],
  ['test-http-agent.js', 'http'],
  ['test-whatwg-webstreams-transfer.js', 'stream'],
  ['test-whatwg-url-custom.js', 'url'],
  ['test-tls-connect.mjs', 'tls'],
  ['test-zlib.js', 'zlib'],
  ['test-nothing-we-know.js', 'other'],
])('the area of %s is %s', (file, area) => {
  expect(areaOfTest(file)).toBe(area)
})
