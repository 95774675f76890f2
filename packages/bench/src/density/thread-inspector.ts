import { Session } from 'node:inspector/promises'

/** Looks into the threads of this process from outside, through the inspector. */
export interface ThreadInspector extends Disposable {
  /** What is in use of a thread's heap once all garbage has been collected. @units MB */
  heapInUse(): Promise<number>
  /** What debuggers call the contexts that the thread has now, its main one apart; garbage has been collected. */
  liveContexts(): Promise<readonly string[]>
  /** Collects the garbage of the thread that looks. */
  collectOwn(): Promise<void>
}

/** Finds the only worker thread that there is. */
export async function inspectOnlyThread(): Promise<ThreadInspector> {
  const session = new Session()
  session.connect()
  const attached: string[] = []
  session.on('NodeWorker.attachedToWorker', ({ params }) => attached.push(params.sessionId))
  // A thread that has nothing to do keeps no process alive, and neither does the inspector.
  const waiting = setInterval(() => {}, 1000)
  await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  const [sessionId] = attached
  if (sessionId === undefined || attached.length > 1) throw new Error(`there are ${attached.length} threads, not one`)

  const answers = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  let contexts: string[] = []
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: received }) => {
    const { id, method, params, result, error } = JSON.parse(received.message) as WorkerMessage
    if (method === 'Runtime.executionContextCreated' && params?.context.auxData.isDefault === false) {
      contexts.push(params.context.name)
    }
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
  return {
    async heapInUse() {
      await collect()
      const { usedSize } = (await ask('Runtime.getHeapUsage')) as { readonly usedSize: number }
      return usedSize / 2 ** 20
    },
    async liveContexts() {
      await collect()
      contexts = []
      // Announces every context that there is.
      await ask('Runtime.enable')
      await ask('Runtime.disable')
      return contexts
    },
    async collectOwn() {
      for (let round = 0; round < 3; round++) await session.post('HeapProfiler.collectGarbage')
    },
    [Symbol.dispose]() {
      clearInterval(waiting)
      session.disconnect()
    },
  }
}

interface WorkerMessage {
  readonly id?: number
  readonly method?: string
  /** Of the announcement of a context. */
  readonly params?: { readonly context: { readonly name: string; readonly auxData: { readonly isDefault: boolean } } }
  readonly result?: unknown
  readonly error?: { readonly message: string }
}
