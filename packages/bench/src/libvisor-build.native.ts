import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The directory of the package that is measured. */
export const libvisor = fileURLToPath(new URL('../../libvisor', import.meta.url))

/** Loads libvisor, as it is published. */
export async function libvisorBuild(): Promise<typeof import('libvisor')> {
  return (await import(pathToFileURL(path.join(libvisor, 'dist', 'index.js')).href)) as typeof import('libvisor')
}
