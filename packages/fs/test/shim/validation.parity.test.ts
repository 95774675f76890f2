/** Arguments are refused as Node refuses them: the same errors, in the same order. */
import { everywhere, threeWays } from './worlds.ts'

const refused: Readonly<Record<string, readonly unknown[][]>> = {
  access: [[undefined], ['a\0b'], ['x', 'r'], [{}], [new URL('http://example.com/')]],
  appendFile: [
    ['x', 1],
    ['x', 'y', { encoding: 'bogus' }],
    ['x', 'y', { flush: 'no' }],
  ],
  chmod: [['x'], ['x', '9'], ['x', -1], [1, 'x']],
  chown: [
    ['x', 'y', 1],
    ['x', 1, -5],
    [null, 'x'],
  ],
  close: [['1'], [-1], [1.5], [{}]],
  copyFile: [['x'], ['x', 'y', 'z'], ['x', 'y', 9], [1, 2]],
  cp: [['x'], ['x', 'y', 1], ['x', 'y', { force: 1 }], ['x', 'y', { dereference: true, verbatimSymlinks: true }]],
  fchmod: [
    ['1', 1],
    [1, 'x'],
    [99_999, '8'],
  ],
  fchown: [
    ['1', 1, 1],
    [1, 'x', 1],
  ],
  fstat: [['1'], [-1]],
  fsync: [['1'], [-1]],
  ftruncate: [['1'], [99_999, 'x']],
  futimes: [
    ['1', 1, 1],
    [99_999, {}, 1],
  ],
  lstat: [[1], [undefined]],
  link: [
    [1, 'y'],
    ['x', 1],
  ],
  mkdir: [[1], ['x', { recursive: 1 }], ['x', 'y'], ['x', { mode: '9' }]],
  mkdtemp: [[1], ['x', { encoding: 'bogus' }]],
  open: [['x', 'bogus'], ['x', 'r', 'y'], [1], ['x', 1.5]],
  opendir: [[1], ['x', { encoding: 'bogus' }]],
  read: [
    ['1', Buffer.alloc(1)],
    [99_999, 'x'],
    [99_999, Buffer.alloc(1), -1, 1, 0],
    [99_999, Buffer.alloc(0), 0, 1, 0],
  ],
  readFile: [[{}], ['x', 'bogus'], ['x', { flag: 'bogus' }], ['x', 1], ['x', { signal: 1 }]],
  readdir: [[1], ['x', { encoding: 'bogus' }]],
  readlink: [[1], ['x', 'bogus']],
  readv: [
    [99_999, 'x'],
    ['x', []],
  ],
  rename: [['x'], [1, 'y']],
  rm: [[1], ['x', { recursive: 1 }], ['x', { maxRetries: -1 }], ['x', { force: 'x' }]],
  rmdir: [[1], ['x', { maxRetries: 'x' }]],
  stat: [[1], ['a\0b'], [Buffer.from('a\0b')]],
  symlink: [
    [1, 'y'],
    ['x', 'y', 'z'],
    ['x', 1],
  ],
  truncate: [
    ['x', 'y'],
    [{}, 1],
  ],
  unlink: [[1], [Symbol.iterator]],
  utimes: [
    ['x', {}, 1],
    ['x', 1, 'y'],
    [1, 1, 1],
  ],
  write: [
    ['1', 'x'],
    [99_999, Buffer.alloc(1), 5],
    [99_999, 1],
    [99_999, Buffer.alloc(2), 0, 9],
  ],
  writeFile: [
    ['x', 1],
    [{}, 'x'],
    ['x', 'y', 'bogus'],
    ['x', 'y', { flag: 'bogus' }],
    ['x', 'y', { mode: '9' }],
  ],
  writev: [
    [99_999, 'x'],
    ['x', []],
  ],
}

for (const [name, calls] of Object.entries(refused)) {
  everywhere(`${name}() refuses what Node refuses`, async (world) => {
    world.chdir(world.dir)
    const seen: unknown[] = []
    for (const args of calls) seen.push(await threeWays(world, name, ...args))
    return seen
  })
}

everywhere('a callback that is no function is refused at once', ({ fs, dir }) => {
  const names = ['access', 'stat', 'readFile', 'mkdir', 'open', 'unlink', 'readdir', 'realpath'] as const
  return names.map((name) => {
    try {
      ;(fs[name] as (...args: unknown[]) => void)(dir)
    } catch (error) {
      return (error as Error).message
    }
    return undefined
  })
})
