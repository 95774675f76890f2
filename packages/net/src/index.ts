// The model: a network stack per namespace.
export { createNetStack } from './state/net-stack.ts'
export { netStack, proxyEnvironment } from './slot.ts'
export type { ProxyEnvironment } from './slot.ts'
export type { NetStack, NetStackOptions } from './state/net-stack.ts'
export { HOST_ADDRESS, HOST_NAME } from './state/address.ts'
// What is open, as `ss` shows it.
export { listSockets } from './shim/list-sockets.ts'
export { formatSockets } from './state/socket-rows.ts'
export type { SocketOwner, SocketRow } from './state/socket-rows.ts'
// Links that are slow, lossy or cut.
export { parseLink, resolveLink } from './state/link-shape.ts'
export type { LinkOptions, LinkShape, PeerLink } from './state/link-shape.ts'
export type { LinkTimers } from './state/link-direction.ts'
export { parseHostsFile } from './state/hosts-file.ts'
export type { HostsFile } from './state/hosts-file.ts'
export type { HostsText } from './state/host-table.ts'
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
  PendingAnswer,
  StackPort,
  SwitchPort,
} from './types.ts'

// The interceptor: node:net, node:dns and what rides on them.
export { createNetInterceptor } from './shim/interceptor.ts'
export { connectAnnouncements } from './carriers.ts'
export { openConnection } from './shim/open-connection.ts'

// What a guest has open.
export { netUsage } from './shim/open-handles.ts'
export type { NetUsage } from './shim/open-handles.ts'

// Published ports: the guest's servers on the host's network.
export { publishPorts } from './shim/publisher.ts'
export type { Publication, PublishedPort, Publisher, PublishOptions } from './shim/publisher.ts'

// What listens on the host for libvisor itself.
export { listenOnHost } from './shim/host-listener.ts'

// The switch: the network between guests, within a thread, across threads and across processes.
export { createSwitch, openSwitchPort } from './shim/switch.native.ts'
export { openSwitchStream, serveSwitchStream } from './shim/switch-stream.ts'
export type { StreamAttachment } from './shim/switch-stream.ts'
export type { AttachOptions, Switch, SwitchMember, SwitchOptions } from './state/switch.ts'
export type { SwitchAttachment } from './state/switch-protocol.ts'

// One stack for all threads of a guest.
export { openStackPort } from './shim/switch.native.ts'
export { serveStack } from './shim/shared-stack.ts'
export type { ServeStackOptions } from './shim/shared-stack.ts'
export { RESERVATION_BYTES, reservePorts } from './state/port-reservations.ts'
export type { PortReservations, Reservations } from './state/port-reservations.ts'
export type { SharedBinding, StackAttachment } from './state/switch-protocol.ts'
