/**
 * What runs inside of a guest's context: functions made there belong to the guest's realm, as do their prototypes,
 * their `constructor` and what they throw by themselves.
 */

type Callable = (...args: never[]) => unknown

/** Makes functions and objects of one realm. */
export interface RealmKit {
  /** Prototypes that no constructor of the global object leads to, always in the same order. */
  readonly hiddenPrototypes: readonly object[]
  /** `Function`, and the constructors of asynchronous functions and generators, always in the same order. */
  readonly functionConstructors: readonly Callable[]
  /** Makes a function of the realm from source. @param kind - index of its constructor */
  evaluate(kind: number, source: readonly unknown[]): unknown
  /** Lets `instanceof` of a constructor, but not of its subclasses, accept what another test accepts as well. */
  accept(constructor: Callable, isKin: (value: object) => boolean): void
  /** A function that calls another one and passes what it returns, or throws, through `adopt`. */
  adopting(fn: Callable, adopt: (value: unknown) => unknown): Callable
  /** The same for a function whose last argument is a callback: what that is called with is adopted as well. */
  adoptingCallback(fn: Callable, adopt: (value: unknown) => unknown): Callable
  /** A function of this realm that calls one of another with the same receiver and arguments. */
  calling(fn: Callable): Callable
  /** A property whose value is made when it is first read, and can be replaced. */
  lazyProperty(name: PropertyKey, enumerable: boolean, make: () => unknown): PropertyDescriptor
  /** An accessor without a setter, as a class of this realm would have it. */
  getter(name: PropertyKey, enumerable: boolean, get: () => unknown): PropertyDescriptor
  /** A plain object of this realm. */
  object(): object
  /** An array of this realm. */
  array(): unknown[]
}

/**
 * Makes the kit of the realm in which this function has been compiled. It refers to nothing outside of itself: its source is compiled anew
 * in each context.
 *
 * @returns the kit
 */
export function makeRealmKit(): RealmKit {
  'use strict'
  const { apply, construct, defineProperty, getPrototypeOf } = Reflect
  const isInstance = Function.prototype[Symbol.hasInstance]
  const replaceable = { writable: true, configurable: true }
  const isObject = (value: unknown): value is object =>
    (typeof value === 'object' && value !== null) || typeof value === 'function'

  const hiddenPrototypes = [
    getPrototypeOf([][Symbol.iterator]()) as object,
    getPrototypeOf(new Map().entries()) as object,
    getPrototypeOf(new Set().values()) as object,
    getPrototypeOf(''[Symbol.iterator]()) as object,
    getPrototypeOf(''.matchAll(/a/g)) as object,
  ]

  const constructorOf = (fn: object): Callable => (getPrototypeOf(fn) as { constructor: Callable }).constructor
  const functionConstructors = [
    Function as Callable,
    constructorOf(async () => undefined),
    constructorOf(function* () {}),
    constructorOf(async function* () {}),
  ]

  return {
    hiddenPrototypes,
    functionConstructors,
    evaluate: (kind, source) => construct(functionConstructors[kind] as Callable, source as never[]) as unknown,

    accept(constructor, isKin) {
      const method = {
        [Symbol.hasInstance](this: unknown, value: unknown): boolean {
          if (!isObject(value)) return false
          return apply(isInstance, this, [value]) || (this === constructor && isKin(value))
        },
      }[Symbol.hasInstance]
      defineProperty(constructor, Symbol.hasInstance, { value: method, ...replaceable })
    },

    adopting(fn, adopt) {
      return function (this: unknown, ...args: never[]): unknown {
        try {
          return adopt(new.target === undefined ? apply(fn, this, args) : construct(fn, args, new.target))
        } catch (error) {
          throw adopt(error)
        }
      }
    },

    adoptingCallback(fn, adopt) {
      return function (this: unknown, ...args: unknown[]): unknown {
        const callback = args[args.length - 1]
        if (typeof callback === 'function') {
          args[args.length - 1] = function (this: unknown, ...results: unknown[]): unknown {
            for (let index = 0; index < results.length; index++) results[index] = adopt(results[index])
            return apply(callback as Callable, this, results)
          }
        }
        try {
          return adopt(apply(fn as (...args: unknown[]) => unknown, this, args))
        } catch (error) {
          throw adopt(error)
        }
      }
    },

    calling(fn) {
      return function (this: unknown, ...args: never[]): unknown {
        return apply(fn, this, args)
      }
    },

    lazyProperty(name, enumerable, make) {
      const replace = (holder: object, value: unknown): void => {
        defineProperty(holder, name, { value, enumerable, ...replaceable })
      }
      return {
        get(this: object) {
          const value = make()
          replace(this, value)
          return value
        },
        set(this: object, value: unknown) {
          replace(this, value)
        },
        enumerable,
        configurable: true,
      }
    },

    getter(name, enumerable, get) {
      const holder = {
        get [name]() {
          return get()
        },
      }
      return { ...(Object.getOwnPropertyDescriptor(holder, name) as PropertyDescriptor), enumerable }
    },

    object: () => ({}),
    array: () => [],
  }
}
