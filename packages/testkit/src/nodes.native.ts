import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The lines of Node that libvisor supports. */
export type NodeMajor = 22 | 24 | 26

/** The lines of Node that libvisor supports, oldest first. */
export const supportedMajors: readonly NodeMajor[] = [22, 24, 26]

/** The version of each line on which everything is tested. */
export const nodeVersions: Readonly<Record<NodeMajor, string>> = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }

const cache = fileURLToPath(new URL('../../../node_modules/.cache/nodes', import.meta.url))

/**
 * Brings a Node from the registry, once, into a folder that git ignores.
 *
 * @param version - which one
 * @returns the path of its executable
 * @throws {Error} when the registry has none for this platform
 */
export async function installNode(version: string): Promise<string> {
  if (process.versions.node === version) return process.execPath
  const { platform, arch } = process
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`
  const prefix = path.join(cache, version)
  const executable = path.join(prefix, 'node_modules', name, 'bin', platform === 'win32' ? 'node.exe' : 'node')
  if (!fs.existsSync(executable)) {
    fs.mkdirSync(prefix, { recursive: true })
    fs.writeFileSync(path.join(prefix, 'package.json'), '{ "private": true }\n')
    const npm = platform === 'win32' ? 'npm.cmd' : 'npm'
    await promisify(execFile)(npm, ['install', '--no-audit', '--no-fund', '--no-save', `${name}@${version}`], {
      cwd: prefix,
      shell: platform === 'win32',
    })
  }
  return executable
}
