import { afterAll, expect, it } from 'vitest'
import { programFile } from './harness/pair.ts'
import { startPostgres, whyNoPostgres } from './harness/postgres.ts'
import { rest, sideBySide } from './harness/side-by-side.ts'

const reason = whyNoPostgres()

if (reason === undefined) {
  const postgres = await startPostgres()
  afterAll(() => postgres[Symbol.asyncDispose]())
  const { address, port } = postgres
  let databases = 0

  sideBySide(
    {
      name: 'express over pg',
      entry: programFile('pg/app.js'),
      port: 3000,
      options(guest) {
        const database = `${guest}_${++databases}`
        postgres.sql(`CREATE DATABASE ${database}`)
        const env = { PGHOST: address, PGPORT: String(port), PGUSER: 'tester', PGDATABASE: database }
        return { process: { env }, net: { egress: [`${address}:${port}`] } }
      },
      ...rest,
    },
    {
      async 'roll back what breaks a constraint'({ alice, bob }) {
        const twice = await alice.send('POST', '/notes', { text: 'from alice' })
        expect([twice.status, await twice.json()]).toEqual([409, { code: '23505' }])
        const once = await bob.send('POST', '/notes', { text: 'from alice' })
        expect([once.status, await once.json()]).toEqual([201, { id: 3, isDate: true }])
      },

      async 'use pools of their own'({ alice }) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => alice.json('/notes')))
        expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
        const count = "SELECT count(*) > 1 FROM pg_stat_activity WHERE datname LIKE 'alice%'"
        expect(postgres.sql(count).trim()).toBe('t')
      },
    },
  )
} else {
  it.skip(`two of express over pg: ${reason}`, () => {})
}
