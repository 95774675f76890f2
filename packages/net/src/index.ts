// The model: a network stack per namespace.
export { createNetStack, netStack } from './state/net-stack.ts'
export type { NetStack, NetStackOptions } from './state/net-stack.ts'
export type { Endpoint, Family } from './state/address.ts'
export type { Connection } from './state/connection.ts'
export type {
  Accept,
  Acceptor,
  ConnectRequest,
  ConnectResult,
  Listener,
  ListenerInfo,
  ListenRequest,
  NetStackEvent,
  PathListener,
  SwitchPort,
} from './types.ts'

// The interceptor: node:net, node:dns and what rides on them.
export { createNetInterceptor, globalsRidingOn } from './shim/interceptor.ts'
