/**
 * Random programs against a real directory and against every driver: each result, each error, and what is left.
 *
 * `LIBVISOR_DIFFERENTIAL_OPERATIONS=200000 LIBVISOR_DIFFERENTIAL_SEED=1 pnpm vitest run differential` compares more.
 */
import { expect, test } from 'vitest'
import { compare, createComparison, drivers, KERNEL_OPERATIONS, OPERATIONS } from './compare.ts'
import type { DriverUnderTest } from './compare.ts'
import { kernelOverlayMissing, overKernelOverlay } from './kernel-overlay.ts'
import type { Redirect } from './kernel-overlay.ts'
import { show } from './subject.ts'

const TIMEOUT_MS = 3_600_000

for (const [name, driver] of Object.entries(drivers)) {
  test(`${name} agrees with a real directory on random programs`, { timeout: TIMEOUT_MS }, async () => {
    using comparison = createComparison(driver)
    const compared = await compare(comparison, OPERATIONS)
    console.log(`${name}: ${compared} operations agreed with a real directory`)
    expect(compared).toBeGreaterThanOrEqual(OPERATIONS)
  })
}

/** What the kernel's overlayfs tells that depends on its layers. */
const kernelShape = { directoryLinks: false, lostLinks: false, accessTimes: false, directoryAccessTimes: false }

/** The kernel cannot copy up what has no name any more, and says that there is one; on a real directory it is changed. */
const isLostCopy = (outcome: unknown): boolean => /EEXIST.*\b(fchmod|fchown|futime)/.test(show(outcome))

/** The overlays, with how the kernel's must rename directories to be like them. */
const overlays: Readonly<Record<string, Redirect>> = {
  'an overlay with its upper layer in memory': 'on',
  'an overlay with its upper layer in a directory of the host': 'off',
}

const missing = kernelOverlayMissing()
const why = missing === undefined ? '' : ` (skipped: ${missing})`

for (const [name, redirect] of Object.entries(overlays)) {
  const title = `${name} agrees with the kernel’s overlayfs on random programs${why}`
  test.skipIf(missing !== undefined)(title, { timeout: TIMEOUT_MS }, async () => {
    const { lower, mount, longNames = true } = drivers[name as keyof typeof drivers] as DriverUnderTest
    const driver: DriverUnderTest = {
      mount,
      longNames,
      shape: kernelShape,
      excuses: isLostCopy,
      ...(lower !== undefined && { lower }),
    }
    using comparison = createComparison(driver, overKernelOverlay(redirect))
    const compared = await compare(comparison, KERNEL_OPERATIONS)
    console.log(`${name}: ${compared} operations agreed with the kernel’s overlayfs`)
    expect(compared).toBeGreaterThanOrEqual(KERNEL_OPERATIONS)
  })
}
