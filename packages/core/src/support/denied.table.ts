import type { ModuleSupport } from '../support.ts'

/** The built-ins that a guest cannot ask for. */
export const deniedSupport = {
  dtls: { deniedBecause: 'its sockets are Node’s own, below the virtual network' },
  ffi: { deniedBecause: 'it calls any native code of the host' },
  quic: { deniedBecause: 'its sockets are Node’s own, below the virtual network' },
  sea: { deniedBecause: 'assets of the host’s executable are not the guest’s' },
  vfs: { deniedBecause: 'its mounts would lie beside those of the guest' },
  wasi: { deniedBecause: 'its preopened directories are the host’s, natively' },
} satisfies Record<string, ModuleSupport>
