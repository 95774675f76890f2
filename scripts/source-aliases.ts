import path from 'node:path'
import { workspacePackages } from './workspace.ts'

/** The source file behind each thing that can be imported from the workspace's packages, by its specifier. */
export function sourceAliases(): Readonly<Record<string, string>> {
  const aliases: Record<string, string> = {}
  for (const { manifest, directory } of workspacePackages()) {
    for (const [subpath, file] of Object.entries(manifest.exports ?? {})) {
      aliases[manifest.name + subpath.slice(1)] = path.join(directory, file)
    }
  }
  return aliases
}
