import { describe, expect, test } from 'vitest'
import { commonJs, entries, esm, failures, mixed, typeScript } from './programs.ts'
import { runBoth } from './run-program.ts'
import type { Outcome } from './run-program.ts'

/** Node's own frames tell how the program was started, which is not the same in a test's process. */
const withoutNodeFrames = ({ stderr, ...outcome }: Outcome): Outcome => ({
  ...outcome,
  stderr: stderr.replaceAll(/\n {4}at .*\(?node:internal.*/g, ''),
})

describe('a program that exists only in memory prints what it prints natively', () => {
  const programs = {
    CommonJS: commonJs,
    ESM: esm,
    'CommonJS and ESM across each other': mixed,
    TypeScript: typeScript,
    ...entries,
    ...failures,
  }
  for (const [name, program] of Object.entries(programs)) {
    test(name, { timeout: 30_000 }, () => {
      const { native, memory } = runBoth(program)
      expect(withoutNodeFrames(memory)).toEqual(withoutNodeFrames(native))
      expect(native.stdout + native.stderr).not.toBe('')
    })
  }

  test('a program that is not there', { timeout: 30_000 }, () => {
    const { native, memory } = runBoth({ entry: 'nowhere.js', files: { 'other.js': '' } })
    const said = (text: string): string => text.slice(text.indexOf('Error:')).replaceAll(/\n {4}at .*/g, '')
    expect(said(memory.stderr)).toBe(said(native.stderr))
    expect(memory.status).toBe(native.status)
    expect(memory.stderr).toContain("Error: Cannot find module '§/nowhere.js'")
  })
})
