// What lets other processes look at a program that has this one to itself: loaded once it has used its network.
export { openControlSocket } from '../host/control-socket.native.ts'
export { describeProcess } from '../host/process-description.ts'
