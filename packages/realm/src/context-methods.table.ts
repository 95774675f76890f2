/** Methods of classes that all guests have from the host, whose results a program could tell from its own realm's. */
export interface AdoptedMethods {
  /** The built-in, or `globalThis`, that has the class. */
  readonly module: string
  /** The class; without one, the module is it. */
  readonly name?: string
  /** Methods of its instances; names separated by white space. */
  readonly methods?: string
  /** Functions of the class itself. */
  readonly statics?: string
}

/** Classes that every start of Node loads. */
export const adoptedMethods: readonly AdoptedMethods[] = [
  { module: 'buffer', name: 'Buffer', methods: 'toJSON' },
  { module: 'events', methods: 'eventNames listeners rawListeners', statics: 'getEventListeners once' },
  { module: 'url', name: 'URLSearchParams', methods: 'getAll' },
]

const addresses: readonly AdoptedMethods[] = [
  { module: 'net', name: 'Server', methods: 'address' },
  { module: 'net', name: 'Socket', methods: 'address' },
]

/** Classes that are loaded when a guest first uses them, by the built-in or global that it asks for. */
export const adoptedLateMethods: Readonly<Record<string, readonly AdoptedMethods[]>> = {
  fetch: [
    { module: 'globalThis', name: 'Response', methods: 'json' },
    { module: 'globalThis', name: 'Request', methods: 'json' },
    { module: 'globalThis', name: 'Headers', methods: 'getSetCookie' },
    { module: 'globalThis', name: 'FormData', methods: 'getAll' },
  ],
  dgram: [{ module: 'dgram', name: 'Socket', methods: 'address' }],
  http: addresses,
  https: addresses,
  net: addresses,
  tls: addresses,
  stream: [{ module: 'stream', name: 'Readable', methods: 'toArray' }],
}
