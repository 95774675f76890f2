/** Two namespaces in one patched realm that both have a server on port 3000: whose connections are kept and reused? */
import http from 'node:http'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { text } from 'node:stream/consumers'
import { builtin } from '@libvisor/abi'
import { createCurrent, createNamespace, createPatchRegistry, currentNamespace } from '@libvisor/core'
import { createNetInterceptor, createNetStack, netStack } from '../../src/index.ts'

const patches = createPatchRegistry()
createNetInterceptor().install(
  {
    kind: 'shared',
    global: globalThis,
    patches,
    whenAsked: (id, install) => install(builtin(id) as Record<PropertyKey, unknown>),
    ask() {},
  },
  createCurrent(),
)
syncBuiltinESMExports()

const agent = new http.Agent({ keepAlive: true })
const namespaces = ['a', 'b'].map((name) => {
  const ns = createNamespace({ name })
  const stack = createNetStack()
  ns.provide(netStack, stack)
  ns.own(stack)
  return ns
})
const ask = async (given?: http.Agent): Promise<string> => {
  const request = http.get('http://localhost:3000/', given === undefined ? {} : { agent: given })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return text(response)
}
for (const ns of namespaces) {
  await ns.run(async () => {
    let connections = 0
    const server = http.createServer((_request, response) => response.end(`${currentNamespace()?.name}${connections}`))
    server.on('connection', () => connections++)
    await once(server.listen(3000), 'listening')
  })
}
for (const round of [1, 2]) {
  for (const ns of namespaces) {
    await ns.run(async () => {
      const fetched = await (await fetch('http://localhost:3000/')).text()
      console.log(round, ns.name, await ask(), await ask(agent), fetched)
    })
  }
}
// The host itself is in no namespace, and hears of none of them.
const refused = await fetch('http://127.0.0.1:3000/').catch(({ cause }: Error) => cause as NodeJS.ErrnoException)
console.log('host', 'code' in refused ? refused.code : 'reached')
for (const ns of namespaces) ns[Symbol.dispose]()
agent.destroy()
