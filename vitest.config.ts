import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'suite',
          include: ['packages/*/test/**/*.test.ts'],
          // Tests of patched realms and of the command start processes of their own.
          testTimeout: 30_000,
        },
      },
    ],
    watch: false,
    // A worker process per file: a test that leaves its realm changed harms itself only.
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: true,
  },
})
