import { getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'

/** A property of an object that is copied for each guest. */
export interface CopiedProperty {
  readonly key: PropertyKey
  readonly descriptor: PropertyDescriptor
  /** Whether it is a value that each copy has as it is: no function, no object. */
  readonly isConstant: boolean
  /** Whether it can be assigned to and enumerated, as most. */
  readonly isOrdinary: boolean
}

type Constants = ReadonlyMap<PropertyKey, CopiedProperty>

/** The constants of what is copied. Of what was copied once they are not kept yet: the next time it may be another object. */
const kept = new WeakMap<object, Constants | 'seen'>()

/**
 * What there is to copy of an object. Exports of Node's have up to hundreds of constants, which one guest after the other
 * gets: they are looked at once. All else is read anew, because hooks replace it.
 *
 * @param source - what is copied
 * @returns its properties in their order
 */
export function copiedPropertiesOf(source: object): readonly CopiedProperty[] {
  const known = kept.get(source)
  const constants = typeof known === 'object' ? known : undefined
  const properties: CopiedProperty[] = []
  for (const key of ownKeys(source)) properties.push(constants?.get(key) ?? describe(source, key))
  if (known === undefined) kept.set(source, 'seen')
  else if (known === 'seen') {
    kept.set(source, new Map(properties.filter(({ isConstant }) => isConstant).map((each) => [each.key, each])))
  }
  return properties
}

function describe(source: object, key: PropertyKey): CopiedProperty {
  const descriptor = getOwnPropertyDescriptor(source, key) as PropertyDescriptor
  const { value, writable, enumerable } = descriptor as { value?: unknown; writable?: boolean; enumerable?: boolean }
  const isConstant = 'value' in descriptor && typeof value !== 'function' && typeof value !== 'object'
  descriptor.configurable = true
  return { key, descriptor, isConstant, isOrdinary: writable === true && enumerable === true }
}
