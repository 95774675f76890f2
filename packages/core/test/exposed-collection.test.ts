import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { tellOfNew } from '@libvisor/core'

it('a program that has V8 expose its collection still finds it after buffers have been collected', () => {
  setFlagsFromString('--expose-gc')
  for (let count = 0; count < 200; count++) tellOfNew(Buffer.allocUnsafeSlow(64 * 1024).length)
  expect(runInNewContext('typeof gc')).toBe('function')
})
