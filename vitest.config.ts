import { defineConfig } from 'vitest/config'
import { sourceAliases } from './scripts/source-aliases.ts'

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'suite',
          include: ['{packages/*,scripts}/test/**/*.test.ts'],
        },
      },
      {
        // The examples of docstrings and documents, as scripts/doctests.ts leaves them.
        extends: true,
        resolve: {
          alias: Object.entries(sourceAliases()).map(([specifier, replacement]) => ({
            find: new RegExp(`^${specifier}$`),
            replacement,
          })),
        },
        test: {
          name: 'doctests',
          include: ['.tmp/doctests/*.test.ts'],
        },
      },
    ],
    watch: false,
    // A process per file: a test that leaves its realm changed harms itself only.
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: true,
    // Tests of patched realms and of the command start processes of their own.
    testTimeout: 60_000,
  },
})
