import type { ErrnoCode } from '@libvisor/abi'
import { slots } from '@libvisor/core'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

/**
 * `process.loadEnvFile()`, over the guest's files.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 * @source Node 24 `src/node_dotenv.cc`, `src/node_process_methods.cc` LoadEnvFile
 */
export function envFileMembers({ ns, identity, state, argument, module }: MemberContext): Members {
  const pathOf = (path: unknown): string => {
    if (typeof path === 'string') {
      if (path.includes('\0'))
        throw argument.value('path', path, 'must be a string, Uint8Array, or URL without null bytes')
      return path
    }
    if (path instanceof Uint8Array) return new TextDecoder().decode(path)
    if (path instanceof URL) return module('url').fileURLToPath(path)
    throw argument.type('path', 'of type string or an instance of Buffer or URL', path)
  }

  return methods({
    loadEnvFile(path: unknown = undefined): void {
      const name = path === undefined || path === null ? '.env' : pathOf(path)
      const absolute = name.startsWith('/') ? name : `${identity.cwd === '/' ? '' : identity.cwd}/${name}`
      const files = ns.get(slots.fileView)
      const fail = (code: ErrnoCode): Error => ns.errors.file(code, { syscall: 'open', path: name })
      const kind = files.kind(absolute)
      if (kind === undefined) throw fail('ENOENT')
      if (kind === 'directory') {
        throw ns.errors.coded('TypeError', 'ERR_INVALID_ARG_TYPE', `Contents of '${name}' should be a valid string.`)
      }
      let text: string
      try {
        text = new TextDecoder().decode(files.read(absolute))
      } catch (error) {
        throw fail((error as { code?: ErrnoCode }).code ?? 'EACCES')
      }
      const variables = module('util').parseEnv(text) as Record<string, string>
      for (const key of Object.keys(variables)) {
        // A variable that is set already wins over the file.
        if (!Object.hasOwn(state.env, key)) state.env[key] = variables[key]
      }
    },
  })
}
