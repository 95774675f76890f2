import { Session } from 'node:inspector/promises'

/** Looks into the threads of this process from outside, through the inspector. */
export interface ThreadInspector extends Disposable {
  /** What is in use of a thread's heap once all garbage has been collected. @units MB */
  heapInUse(): Promise<number>
  /** What buffers hold beside the heap once all garbage has been collected. @units MB */
  buffersInUse(): Promise<number>
  /** What debuggers call the contexts that the thread has now, its main one apart; garbage has been collected. */
  liveContexts(): Promise<readonly string[]>
  /** How many objects of each class live in the thread, by the names of the classes; garbage has been collected. */
  objectsByClass(): Promise<ReadonlyMap<string, number>>
  /** Collects the garbage of the thread that looks. */
  collectOwn(): Promise<void>
}

/** Finds the only worker thread that there is. */
export async function inspectOnlyThread(): Promise<ThreadInspector> {
  const threads = await inspectThreads()
  const [only] = threads
  if (only === undefined || threads.length > 1) throw new Error(`there are ${threads.length} threads, not one`)
  return only
}

/** Finds all worker threads that there are. */
export async function inspectThreads(): Promise<readonly ThreadInspector[]> {
  const session = new Session()
  session.connect()
  const attached: string[] = []
  session.on('NodeWorker.attachedToWorker', ({ params }) => attached.push(params.sessionId))
  // A thread that has nothing to do keeps no process alive, and neither does the inspector.
  const waiting = setInterval(() => {}, 1000)
  await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  let open = attached.length
  const closed = (): void => {
    if (--open > 0) return
    clearInterval(waiting)
    session.disconnect()
  }
  return attached.map((sessionId) => inspect(session, sessionId, closed))
}

/** @param closed - called when nobody looks into the thread any more */
function inspect(session: Session, sessionId: string, closed: () => void): ThreadInspector {
  const answers = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  let contexts: string[] = []
  let chunks: string[] = []
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: received }) => {
    if (received.sessionId !== sessionId) return
    const { id, method, params, result, error } = JSON.parse(received.message) as WorkerMessage
    if (method === 'Runtime.executionContextCreated' && params?.context?.auxData.isDefault === false) {
      contexts.push(params.context.name)
    }
    if (method === 'HeapProfiler.addHeapSnapshotChunk') chunks.push(params!.chunk!)
    if (id === undefined) return
    if (error === undefined) answers.get(id)?.resolve(result)
    else answers.get(id)?.reject(new Error(error.message))
    answers.delete(id)
  })
  const ask = async (method: string): Promise<unknown> => {
    const id = ++lastId
    const answer = Promise.withResolvers<unknown>()
    answers.set(id, answer)
    await session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id, method }) })
    return answer.promise
  }
  /** What a finalizer lets go of is garbage of the next round. */
  const collect = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) await ask('HeapProfiler.collectGarbage')
  }
  const heapUsage = async (): Promise<{ readonly usedSize: number; readonly backingStorageSize: number }> => {
    await collect()
    return (await ask('Runtime.getHeapUsage')) as { readonly usedSize: number; readonly backingStorageSize: number }
  }
  return {
    async heapInUse() {
      const { usedSize } = await heapUsage()
      return usedSize / 2 ** 20
    },
    async buffersInUse() {
      const { backingStorageSize } = await heapUsage()
      return backingStorageSize / 2 ** 20
    },
    async liveContexts() {
      await collect()
      contexts = []
      // Announces every context that there is.
      await ask('Runtime.enable')
      await ask('Runtime.disable')
      return contexts
    },
    async objectsByClass() {
      await collect()
      chunks = []
      await ask('HeapProfiler.takeHeapSnapshot')
      const counts = countObjects(JSON.parse(chunks.join('')) as HeapSnapshot)
      chunks = []
      return counts
    },
    async collectOwn() {
      for (let round = 0; round < 3; round++) await session.post('HeapProfiler.collectGarbage')
    },
    [Symbol.dispose]: closed,
  }
}

/** A heap as V8 writes it. */
interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly [readonly string[]] }
  }
  readonly nodes: readonly number[]
  readonly strings: readonly string[]
}

function countObjects({ snapshot, nodes, strings }: HeapSnapshot): ReadonlyMap<string, number> {
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type, name] = [fields.indexOf('type'), fields.indexOf('name')]
  const counted = new Set(['object', 'native'].map((kind) => types[0].indexOf(kind)))
  const counts = new Map<string, number>()
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (!counted.has(nodes[at + type]!)) continue
    const className = strings[nodes[at + name]!]!
    counts.set(className, (counts.get(className) ?? 0) + 1)
  }
  return counts
}

interface WorkerMessage {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    /** Of the announcement of a context. */
    readonly context?: { readonly name: string; readonly auxData: { readonly isDefault: boolean } }
    /** Of a snapshot of the heap. */
    readonly chunk?: string
  }
  readonly result?: unknown
  readonly error?: { readonly message: string }
}
