/** Copies a file of the thread that started it, synchronously, and says that it is done. */
import { workerData } from 'node:worker_threads'
import { connectFileSystem } from '@libvisor/fs'
import type { Connection } from '@libvisor/fs'
import { get, put } from './calls.ts'
import { makeIdentity } from './fixture.ts'

const { done, ...connection } = workerData as Connection & { readonly done: Int32Array }
// Run by Node itself, also by Node 22, which does not know `using`.
const process = connectFileSystem({ ...connection, identity: makeIdentity() })
put(process.sync, '/copy', get(process.sync, '/file'))
process[Symbol.dispose]()
Atomics.store(done, 0, 1)
Atomics.notify(done, 0)
