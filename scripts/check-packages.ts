/** Packs what is published and lets publint judge the tarballs: a suggestion is a failure too. */
import fs from 'node:fs'
import process from 'node:process'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { packAll } from './pack.ts'

let problems = 0
const packages = await packAll()
for (const { name, directory, tarball } of packages) {
  const { buffer } = fs.readFileSync(tarball)
  const { messages, pkg } = await publint({ pkgDir: directory, pack: { tarball: buffer as ArrayBuffer }, strict: true })
  for (const message of messages) console.error(`${name}: ${message.type}: ${formatMessage(message, pkg)}`)
  problems += messages.length
}
console.log(`${packages.length} packages, ${problems} problems`)
process.exitCode = problems === 0 ? 0 : 1
