/**
 * Four unmodified apps in one Node process, all on port 4873, all writing /data/db.json.
 */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { styleText } from 'node:util'
import Table from 'cli-table3'
import { createHost } from 'libvisor'
import type { Guest } from 'libvisor'
import { apps, DATA_FILE, PORT } from './apps.ts'

const say = (line: string): void => console.log(line)
const dim = (text: string): string => styleText('dim', text)

/** A digest of the names, sizes and times of all files below the directories that the apps could have written. */
function fingerprint(directories: readonly string[]): string {
  const hash = createHash('sha256')
  for (const directory of directories) {
    if (!existsSync(directory)) {
      hash.update(`${directory} is missing\n`)
      continue
    }
    const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
    for (const name of names) {
      const { size, mtimeMs } = lstatSync(`${directory}/${name}`)
      hash.update(`${name} ${size} ${mtimeMs}\n`)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

const require = createRequire(import.meta.url)
const watched = [
  import.meta.dirname,
  '/data',
  ...['verdaccio', 'json-server', 'fastify-cli'].map((name) => dirname(require.resolve(`${name}/package.json`))),
]
const before = fingerprint(watched)

await using host = await createHost()

say(`Starting ${apps.length} apps in process ${process.pid}, each on port ${PORT}:`)
const guests = await Promise.all(
  apps.map(async ({ options, path, exercise }) => {
    const guest = await host.spawn({ ...options, net: { publish: { 0: PORT } } })
    const output: string[] = []
    for (const stream of [guest.stdout, guest.stderr]) stream.on('data', (chunk: Buffer) => output.push(String(chunk)))
    const started = performance.now()
    const port = await guest.listening(PORT).catch((error: unknown) => {
      process.stderr.write(output.join(''))
      throw error
    })
    say(`  ${styleText('green', '✓')} ${guest.name.padEnd(12)} ${dim(`${Math.round(performance.now() - started)} ms`)}`)
    return { guest, exercise, path, port, startMs: performance.now() - started }
  }),
)

say(`\nReal requests, by each guest's name on their own network and by its published port:`)
for (const { guest, exercise, path, port } of guests) {
  const answer = await exercise(host.fetch, `http://${guest.name}:${PORT}`)
  const outside = await fetch(`${String(port.published)}${path}`)
  say(
    `  ${guest.name.padEnd(12)} ${answer.padEnd(32)} ${dim(`${String(port.published)}${path} answers ${outside.status}`)}`,
  )
}

/** The files in a directory of a guest, as far down as they go. */
async function filesIn(guest: Guest, directory: string): Promise<readonly string[]> {
  const entries = await guest.fs.readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`)
}

const table = new Table({
  head: ['guest', 'address', 'published', 'files in /data', 'heap', 'start'],
  colAligns: ['left', 'left', 'left', 'right', 'right', 'right'],
  style: { compact: true, ...(process.stdout.isTTY ? { head: ['cyan'], border: ['dim'] } : { head: [], border: [] }) },
})
for (const { guest, port, startMs } of guests) {
  const { heapUsedBytes } = await guest.stats()
  table.push([
    guest.name,
    `${guest.address}:${PORT}`,
    String(port.published),
    String((await filesIn(guest, '/data')).length),
    `${(heapUsedBytes / 2 ** 20).toFixed(1)} MB`,
    `${Math.round(startMs)} ms`,
  ])
}
say(`\n${table.toString()}`)

say(`\nThe same path, ${DATA_FILE}, in each of them:`)
for (const { guest } of guests) {
  const content = await guest.fs.readFile(DATA_FILE, 'utf8')
  say(`  ${guest.name.padEnd(12)} ${dim(content.replaceAll(/\s+/g, ' ').slice(0, 88))}`)
}

const after = fingerprint(watched)
if (after !== before || existsSync(DATA_FILE)) {
  throw new Error(`The host's disk has changed: ${before} became ${after}`)
}
say(
  `\n${styleText('green', '✓')} The host's disk is as it was: fingerprint ${before} of ${watched.length} directories, no ${DATA_FILE}`,
)
