import { createCurrent, refusalOf, sealExports } from '@libvisor/core'
import { createFsInterceptor } from '@libvisor/fs'
import { createLoaderInterceptor, loaderParts } from '@libvisor/loader'
import { createNetInterceptor } from '@libvisor/net'
import { createProcessInterceptor } from '@libvisor/process'
import { createRandomInterceptor } from '@libvisor/random'
import { installInterceptors, openRealm } from '@libvisor/realm'
import { createTimeInterceptor } from '@libvisor/time'
import { isOwnCode } from '../guest/own-code.ts'

/**
 * Built-ins whose hooks ask who asks. The host's own code may hold any of them already, or get it outside of every
 * namespace and use it inside of one: they are all hooked at once.
 */
const hooked = [
  'child_process',
  'cluster',
  'crypto',
  'dgram',
  'dns',
  'http',
  'https',
  'net',
  'os',
  'tls',
  'worker_threads',
]

let users = 0
let undo: (() => void) | undefined

/**
 * Shares this thread's realm with namespaces that are entered by `run()`. Outside of them everything stays the host's.
 *
 * @returns gives it up; when the last one who shares it has done so, the realm is as it was
 */
export function shareRealm(): Disposable {
  if (++users === 1) undo = install()
  let shared = true
  return {
    [Symbol.dispose]() {
      if (!shared) return
      shared = false
      if (--users > 0) return
      undo?.()
      undo = undefined
    },
  }
}

function install(): () => void {
  const current = createCurrent()
  const realm = openRealm({
    kind: 'shared',
    seal: (id, exports) => sealExports({ id, exports, patches: realm.patches, current }),
  })
  const installed = installInterceptors({
    realm,
    current,
    interceptors: [
      createFsInterceptor(),
      createTimeInterceptor(),
      createRandomInterceptor(),
      createProcessInterceptor(),
      createNetInterceptor(),
      createLoaderInterceptor({
        parts: () => loaderParts,
        isOwnCode,
        onBuiltin(id) {
          const refusal = refusalOf(id, undefined, current()?.policy)
          if (refusal !== undefined) throw refusal
          realm.ask(id)
        },
      }),
    ],
  })
  for (const id of hooked) realm.ask(id)
  realm.commit()
  return () => {
    installed[Symbol.dispose]()
    realm[Symbol.dispose]()
  }
}
