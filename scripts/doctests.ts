/**
 * Runs the examples: every `@example` of what the packages export, and every block of the documents that is marked
 * ```ts runnable. They are type-checked as well. An exported function without one fails the run.
 */
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { exportedExamples } from './exported-examples.ts'
import type { Example } from './exported-examples.ts'
import { run } from './run.ts'
import { sourceAliases } from './source-aliases.ts'
import { display, filesBelow, publishedPackages, root, scratch } from './workspace.ts'

const directory = path.join(scratch, 'doctests')

const { examples, missing } = exportedExamples(publishedPackages())
write([...examples, ...documentExamples()])
for (const place of missing) console.error(`${place} has no @example`)

const types = await run('tsc', ['-b', path.join(directory, 'tsconfig.json')])
const tests = await run('vitest', ['run', '--project', 'doctests'])
process.exitCode = missing.length === 0 && types.code === 0 && tests.code === 0 ? 0 : 1

/** The blocks marked as runnable in the documents that people read first. */
function documentExamples(): readonly Example[] {
  const documents = [
    path.join(root, 'README.md'),
    ...['docs', 'examples', 'packages'].flatMap((folder) => filesBelow(path.join(root, folder), '.md')),
  ]
  return documents.filter((file) => !display(file).startsWith('docs/api/')).flatMap(blocksOf)
}

function blocksOf(file: string): readonly Example[] {
  const text = fs.readFileSync(file, 'utf8')
  return [...text.matchAll(/^```ts runnable\n(.*?)^```$/gms)].map((match, index) => {
    const line = text.slice(0, match.index).split('\n').length + 1
    return { group: 'documents', name: `block ${index + 1}`, file: display(file), line, code: match[1] ?? '' }
  })
}

/** A module for each example, and for each group a test file that imports its modules one after the other. */
function write(all: readonly Example[]): void {
  fs.rmSync(directory, { recursive: true, force: true })
  fs.mkdirSync(directory, { recursive: true })
  for (const [group, members] of Map.groupBy(all, (example) => example.group)) {
    const tests = members.map(({ name, file, line, code }, index) => {
      const module = `./${group}.${index + 1}.example.ts`
      fs.writeFileSync(path.join(directory, module), `// ${file}:${line}\n${code}\nexport {}\n`)
      return `test(${JSON.stringify(`${name} (${file}:${line})`)}, () => import('${module}'))\n`
    })
    fs.writeFileSync(path.join(directory, `${group}.test.ts`), `import { test } from 'vitest'\n\n${tests.join('')}`)
  }
  fs.writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(configuration(), null, 2))
}

/** The packages' own sources stand for their names, as they do for the tests. */
function configuration(): object {
  return {
    extends: '../../tsconfig.base.json',
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      noEmit: true,
      paths: Object.fromEntries(Object.entries(sourceAliases()).map(([name, file]) => [name, [file]])),
    },
    include: ['*.ts'],
    references: publishedPackages().map((member) => ({ path: member.directory })),
  }
}
