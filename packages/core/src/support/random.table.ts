import type { ModuleSupport } from '../support.ts'

const keys = 'keys and primes come from the host’s randomness; a seed does not apply to them'

/** The built-ins of randomness. */
export const randomSupport = {
  crypto: {
    area: 'random',
    pure: `
      Certificate Cipher Cipheriv Decipher Decipheriv Hash Hmac KeyObject Sign Verify X509Certificate argon2 argon2Sync
      checkPrime checkPrimeSync constants createCipheriv createDecipheriv createHash createHmac createMac
      createPrivateKey createPublicKey createSecretKey createSign createVerify decapsulate diffieHellman
      encapsulate getCipherInfo getCiphers getCurves getDiffieHellman getFips getHashes getMacs hash hkdf hkdfSync
      parsePKCS12 pbkdf2 pbkdf2Sync privateDecrypt privateEncrypt publicDecrypt publicEncrypt scrypt scryptSync
      secureHeapUsed sign subtle timingSafeEqual verify webcrypto`,
    virtual: `
      getRandomValues prng pseudoRandomBytes randomBytes randomFill randomFillSync randomInt randomUUID randomUUIDv7 rng
      webcrypto.getRandomValues webcrypto.randomUUID`,
    host: [
      [
        `DiffieHellman DiffieHellmanGroup ECDH createDiffieHellman createDiffieHellmanGroup createECDH generateKey
         generateKeyPair generateKeyPairSync generateKeySync generatePrime generatePrimeSync subtle.generateKey`,
        keys,
      ],
      ['fips', 'setting it changes the whole process; Node does not let the property be replaced'],
    ],
    denied: [
      ['setEngine', 'it loads native code into the process'],
      ['setFips', 'it changes the whole process'],
    ],
  },
} satisfies Record<string, ModuleSupport>
