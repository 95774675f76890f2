/**
 * The `visor` command, as its launcher starts it.
 */
import { host } from '@libvisor/abi'
import { main } from './cli/main.ts'
import { describeError, USAGE_EXIT_CODE } from './cli/report-error.ts'
import { VisorError } from '@libvisor/core'

const { process } = host

try {
  await main({
    argv: process.argv.slice(2),
    writeOut: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
  })
} catch (error) {
  process.stderr.write(describeError(error))
  process.exitCode = error instanceof VisorError ? USAGE_EXIT_CODE : 1
}
