import type { ErrorFactory } from '@libvisor/abi'

/** Shows a value as `util.inspect` does. */
export type Inspect = (value: unknown, options?: { depth?: number }) => string

/** Makes Node's errors about arguments. */
export interface ArgumentErrors {
  /**
   * @param name - of the argument
   * @param expected - as the message says it, such as `of type string`
   * @param actual - what was passed
   */
  type(name: string, expected: string, actual: unknown): Error
  value(name: string, actual: unknown, reason: string): Error
  range(name: string, range: string, actual: number): Error
}

const shorten = (text: string): string => (text.length > 28 ? `${text.slice(0, 25)}...` : text)

/** How Node's messages call a value. */
function describe(value: unknown, inspect: Inspect): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined'
    case 'function':
      return `function ${value.name}`
    case 'object': {
      if (value === null) return 'null'
      const { constructor } = value as { constructor?: { name?: string } }
      return constructor && 'name' in constructor ? `an instance of ${constructor.name}` : inspect(value, { depth: -1 })
    }
    case 'bigint':
      return `type bigint (${value}n)`
    case 'number':
      return `type number (${Object.is(value, -0) ? '-0' : value})`
    case 'string': {
      const text = shorten(value)
      return `type string (${text.includes("'") ? JSON.stringify(text) : `'${text}'`})`
    }
    default:
      return `type ${typeof value} (${String(value)})`
  }
}

/**
 * Makes the errors about arguments that a guest sees.
 *
 * @param errors - the factory of the guest's errors
 * @param inspect - `util.inspect`
 * @returns what makes them
 * @source Node 24 `lib/internal/errors.js`: ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 */
export function createArgumentErrors(errors: ErrorFactory, inspect: Inspect): ArgumentErrors {
  const kind = (name: string): string => (name.includes('.') ? 'property' : 'argument')
  return {
    type: (name, expected, actual) =>
      errors.coded(
        'TypeError',
        'ERR_INVALID_ARG_TYPE',
        `The "${name}" ${kind(name)} must be ${expected}. Received ${describe(actual, inspect)}`,
      ),
    value(name, actual, reason) {
      const text = inspect(actual)
      const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text
      return errors.coded(
        'TypeError',
        'ERR_INVALID_ARG_VALUE',
        `The ${kind(name)} '${name}' ${reason}. Received ${shown}`,
      )
    },
    range(name, range, actual) {
      const large = Number.isInteger(actual) && Math.abs(actual) > 2 ** 32
      const shown = large ? String(actual).replace(/\B(?=(\d{3})+$)/g, '_') : inspect(actual)
      return errors.coded(
        'RangeError',
        'ERR_OUT_OF_RANGE',
        `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`,
      )
    },
  }
}

/**
 * Checks that a value is an unsigned 32-bit integer.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when it is no number
 * @throws {RangeError} ERR_OUT_OF_RANGE when it is another one
 */
export function requireUint32(value: unknown, name: string, argument: ArgumentErrors): asserts value is number {
  if (typeof value !== 'number') throw argument.type(name, 'of type number', value)
  if (!Number.isInteger(value)) throw argument.range(name, 'an integer', value)
  if (value < 0 || value > 0xffff_ffff) throw argument.range(name, '>= 0 && <= 4294967295', value)
}
