/** Errors equal Node's in every property, in all three flavours. */
import { everywhere, threeWays } from './worlds.ts'
import type { World } from './worlds.ts'

/** A directory with one of everything that calls can fail at. */
function populate({ fs, dir }: World): void {
  fs.mkdirSync(`${dir}/directory`)
  fs.writeFileSync(`${dir}/directory/child`, '')
  fs.writeFileSync(`${dir}/file`, 'content')
  fs.symlinkSync('nowhere', `${dir}/dangling`)
  fs.symlinkSync('loop', `${dir}/loop`)
}

const failing: Readonly<Record<string, (dir: string) => readonly unknown[][]>> = {
  access: (dir) => [[`${dir}/missing`], [`${dir}/file/below`], [`${dir}/loop`], ['']],
  appendFile: (dir) => [
    [`${dir}/missing/x`, 'x'],
    [`${dir}/directory`, 'x'],
  ],
  chmod: (dir) => [
    [`${dir}/missing`, 0o600],
    [`${dir}/dangling`, 0o600],
  ],
  chown: (dir) => [[`${dir}/missing`, 0, 0]],
  copyFile: (dir) => [
    [`${dir}/missing`, `${dir}/new`],
    [`${dir}/file`, `${dir}/missing/new`],
    [`${dir}/file`, `${dir}/directory`],
    [`${dir}/file`, `${dir}/directory/child`, 1],
  ],
  lchown: (dir) => [[`${dir}/missing`, 0, 0]],
  link: (dir) => [
    [`${dir}/missing`, `${dir}/new`],
    [`${dir}/file`, `${dir}/directory`],
    [`${dir}/directory`, `${dir}/new`],
  ],
  lstat: (dir) => [[`${dir}/missing`], [`${dir}/file/below`]],
  lutimes: (dir) => [[`${dir}/missing`, 1, 2]],
  mkdir: (dir) => [
    [`${dir}/directory`],
    [`${dir}/missing/x`],
    [`${dir}/file`, { recursive: true }],
    [`${dir}/file/x/y`, { recursive: true }],
  ],
  opendir: (dir) => [[`${dir}/missing`], [`${dir}/file`]],
  readFile: (dir) => [[`${dir}/missing`], [`${dir}/directory`], [`${dir}/missing`, 'utf8'], [`${dir}/loop`]],
  readdir: (dir) => [[`${dir}/missing`], [`${dir}/file`], [`${dir}/missing`, { recursive: true }]],
  readlink: (dir) => [[`${dir}/missing`], [`${dir}/file`]],
  realpath: (dir) => [[`${dir}/missing/x`], [`${dir}/dangling`], [`${dir}/loop`]],
  rename: (dir) => [
    [`${dir}/missing`, `${dir}/new`],
    [`${dir}/file`, `${dir}/directory`],
    [`${dir}/directory`, `${dir}/file`],
    [`${dir}/directory`, `${dir}/directory/inside`],
  ],
  rm: (dir) => [[`${dir}/missing`], [`${dir}/directory`]],
  rmdir: (dir) => [[`${dir}/missing`], [`${dir}/file`], [`${dir}/directory`]],
  stat: (dir) => [[`${dir}/missing`], [`${dir}/dangling`], [`${dir}/file/`]],
  statfs: (dir) => [[`${dir}/missing`]],
  symlink: (dir) => [
    ['target', `${dir}/file`],
    ['target', `${dir}/missing/x`],
  ],
  truncate: (dir) => [
    [`${dir}/missing`, 1],
    [`${dir}/directory`, 1],
  ],
  unlink: (dir) => [[`${dir}/missing`], [`${dir}/directory`]],
  utimes: (dir) => [[`${dir}/missing`, 1, 2]],
  writeFile: (dir) => [
    [`${dir}/missing/x`, 'x'],
    [`${dir}/directory`, 'x'],
    [`${dir}/file`, 'x', { flag: 'wx' }],
  ],
}

for (const [name, callsIn] of Object.entries(failing)) {
  everywhere(`the errors of ${name}() equal Node's`, async (world) => {
    populate(world)
    const seen: unknown[] = []
    for (const args of callsIn(world.dir)) seen.push(await threeWays(world, name, ...args))
    return seen
  })
}

everywhere('an error tells a relative path as it was given', async (world) => {
  world.chdir(world.dir)
  return [
    await threeWays(world, 'readFile', 'missing/./file'),
    await threeWays(world, 'rename', './missing', 'x'),
    await threeWays(world, 'stat', Buffer.from('missing')),
    await threeWays(world, 'mkdir', 'a/b'),
  ]
})

everywhere('the error of mkdtemp() tells the template', async (world) => {
  const seen = JSON.stringify(await threeWays(world, 'mkdtemp', `${world.dir}/missing/x-`))
  return JSON.parse(seen.replaceAll(/x-[A-Za-z0-9]{6}/g, 'x-letters')) as unknown
})
