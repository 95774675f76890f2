import { readdirSync, readFileSync } from 'node:fs'
import { memory } from 'libvisor'
import ts from 'typescript'
import { expect } from 'vitest'
import { programPath } from './harness/pair.ts'
import { rest, sideBySide } from './harness/side-by-side.ts'

/** What `nest build` makes of the sources: decorators are no syntax that Node strips. */
function build(): Record<string, string> {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  }
  const sources = readdirSync(programPath('nest/src'))
  return Object.fromEntries(
    sources.map((name) => {
      const { outputText } = ts.transpileModule(readFileSync(programPath(`nest/src/${name}`), 'utf8'), {
        compilerOptions,
      })
      return [name.replace('.ts', '.js'), outputText]
    }),
  )
}

const dist = programPath('nest/dist')
const files = build()

sideBySide(
  {
    name: 'nest',
    entry: `${dist}/main.js`,
    port: 3000,
    mounts: () => ({ [dist]: memory(files) }),
    ...rest,
  },
  {
    async 'inject their services, and turn exceptions into answers'({ alice, bob }) {
      expect(await (await alice.fetch('/notes/0')).text()).toBe('from alice')
      expect(await bob.json('/notes/99')).toEqual({ message: 'Note 99 not found', error: 'Not Found', statusCode: 404 })
    },

    async 'hold parameters to their pipes'({ alice }) {
      expect(await alice.json('/notes/first')).toEqual({
        message: 'Validation failed (numeric string is expected)',
        error: 'Bad Request',
        statusCode: 400,
      })
    },

    async 'log to a stdout of their own'({ bob }) {
      expect(bob.output()).toContain('Nest application successfully started')
    },
  },
)
