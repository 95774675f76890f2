/** Which exports of a built-in must be made over for a guest, because a program could tell its results from its own realm's. */
export interface AdoptionRules {
  /** Functions that return, or throw, what is adopted; names separated by white space. */
  readonly results?: string
  /** Functions that pass results to a callback, their last argument. */
  readonly callbacks?: string
  /** Functions that compare values, prototypes included. */
  readonly compares?: string
}

const path: AdoptionRules = { results: 'parse' }
const timersPromises: AdoptionRules = { results: 'setTimeout setImmediate' }
const util: AdoptionRules = {
  results: `
    _extend aborted diff getCallSite getCallSites getSystemErrorMap parseArgs parseEnv`,
  compares: 'isDeepStrictEqual',
}
const assert: AdoptionRules = {
  results: 'doesNotReject rejects',
  compares: 'deepEqual deepStrictEqual notDeepEqual notDeepStrictEqual partialDeepStrictEqual',
}

/** By name of the built-in. What is not listed is the host's own function. */
export const adoptionRules: Readonly<Record<string, AdoptionRules>> = {
  assert,
  'assert/strict': assert,
  child_process: {
    results: 'spawnSync',
    callbacks: 'exec execFile',
  },
  crypto: {
    results: `
      generateKeyPairSync getCipherInfo getCiphers getCurves getHashes`,
    callbacks: `
      argon2 checkPrime decapsulate diffieHellman encapsulate generateKey generateKeyPair generatePrime hkdf pbkdf2 pseudoRandomBytes
      randomBytes randomFill randomInt scrypt sign verify`,
  },
  dns: {
    results: 'getServers',
    callbacks:
      'lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTlsa resolveTxt reverse',
  },
  os: { results: 'cpus loadavg networkInterfaces userInfo' },
  path,
  'path/posix': path,
  'path/win32': path,
  'stream/consumers': { results: 'arrayBuffer blob buffer bytes json text' },
  sys: util,
  'timers/promises': timersPromises,
  url: { results: 'urlToHttpOptions' },
  util,
  v8: { results: 'deserialize getHeapCodeStatistics getHeapSpaceStatistics getHeapStatistics' },
  worker_threads: { results: 'receiveMessageOnPort' },
}
