/** Packs what is published and lets publint judge the tarballs: a suggestion is a failure too. */
import fs from 'node:fs'
import process from 'node:process'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { packAll } from './pack.ts'

let problems = 0
const packages = await packAll()
for (const { name, tarball } of packages) {
  // A copy: the buffer of a small file can be a part of a larger one.
  const { buffer } = Uint8Array.from(fs.readFileSync(tarball))
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true })
  for (const message of messages) console.error(`${name}: ${message.type}: ${formatMessage(message, pkg)}`)
  problems += messages.length
}
console.log(`${packages.length} packages, ${problems} problems`)
process.exitCode = problems === 0 ? 0 : 1
