// All of the network that is loaded when a program first asks for it.
export {
  createNetInterceptor,
  createNetStack,
  listSockets,
  openStackPort,
  publishPorts,
  serveStack,
} from '@libvisor/net'
