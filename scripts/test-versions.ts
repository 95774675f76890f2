/** Runs the suite on several versions of Node; which, as arguments: all supported ones if there are none. */
import path from 'node:path'
import process from 'node:process'
import { installNode, nodeVersions, supportedMajors } from '@libvisor/testkit'
import { run } from './run.ts'
import { root } from './workspace.ts'

const chosen = process.argv.slice(2)
const majors = chosen.length === 0 ? supportedMajors : supportedMajors.filter((major) => chosen.includes(String(major)))
if (majors.length < chosen.length) {
  console.error(`The suite runs on Node ${supportedMajors.join(', ')}; there is no other among: ${chosen.join(' ')}`)
  process.exit(2)
}

const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
const results: string[] = []
for (const major of majors) {
  const node = await installNode(nodeVersions[major])
  console.log(`\nNode ${nodeVersions[major]}`)
  const { code } = await run(node, [vitest, 'run', '--project', 'suite'], {
    // Children that tests start by name are of the same version.
    env: { PATH: [path.dirname(node), process.env['PATH']].join(path.delimiter) },
  })
  results.push(`Node ${major} ${code === 0 ? 'passed' : 'failed'}`)
  if (code !== 0) process.exitCode = 1
}
console.log(results.join(', '))
