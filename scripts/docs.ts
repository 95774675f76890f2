/**
 * Makes the API reference in `docs/api`, where a warning is an error, and checks that the coverage page is what the
 * support table says.
 */
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { run } from './run.ts'
import { display, publishedPackages, root } from './workspace.ts'

const entryPoints = publishedPackages()
  .map(({ directory }) => path.join(directory, 'src', 'index.ts'))
  .filter((file) => fs.existsSync(file))

const reference = await run(
  'typedoc',
  entryPoints.flatMap((file) => ['--entryPoints', display(file)]),
)

const coverage = path.join(root, 'packages', 'core', 'scripts', 'coverage.ts')
const page = await run(process.execPath, [coverage, '--check'])

process.exitCode = reference.code === 0 && page.code === 0 ? 0 : 1
