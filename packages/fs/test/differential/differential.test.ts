/**
 * Random programs against a real directory and against every driver: each result, each error, and what is left.
 *
 * `LIBVISOR_DIFFERENTIAL_OPERATIONS=200000 LIBVISOR_DIFFERENTIAL_SEED=1 pnpm vitest run differential` compares more.
 */
import { expect, test } from 'vitest'
import { compare, createComparison, drivers, OPERATIONS } from './compare.ts'

for (const [name, driver] of Object.entries(drivers)) {
  test(`${name} agrees with a real directory on random programs`, { timeout: 3_600_000 }, async () => {
    using comparison = createComparison(driver)
    const compared = await compare(comparison)
    console.log(`${name}: ${compared} operations agreed`)
    expect(compared).toBeGreaterThanOrEqual(OPERATIONS)
  })
}
