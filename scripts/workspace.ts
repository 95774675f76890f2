import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The fields of a package.json that the scripts read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** A package of this workspace. */
export interface WorkspacePackage {
  /** Its folder below `packages`. */
  readonly folder: string
  readonly directory: string
  readonly manifest: Manifest
}

/** The repository's top level. */
export const root: string = fileURLToPath(new URL('..', import.meta.url))

/** What scripts leave behind and git ignores. */
export const scratch: string = path.join(root, '.tmp')

/** All packages, in the order of their folders. */
export function workspacePackages(): readonly WorkspacePackage[] {
  const packages = path.join(root, 'packages')
  return fs
    .readdirSync(packages)
    .toSorted()
    .filter((folder) => fs.existsSync(path.join(packages, folder, 'package.json')))
    .map((folder) => {
      const directory = path.join(packages, folder)
      const text = fs.readFileSync(path.join(directory, 'package.json'), 'utf8')
      return { folder, directory, manifest: JSON.parse(text) as Manifest }
    })
}

/** The packages that are published. */
export function publishedPackages(): readonly WorkspacePackage[] {
  return workspacePackages().filter(({ manifest }) => manifest.private !== true)
}

/** The files below a folder whose names end in one of the given endings, without `node_modules` and `dist`. */
export function filesBelow(directory: string, ...endings: readonly string[]): readonly string[] {
  if (!fs.existsSync(directory)) return []
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/](?:node_modules|dist)[\\/]/.test(path.relative(root, file)))
    .toSorted()
}

/** A path as messages show it: from the top level, with slashes. */
export function display(file: string): string {
  return path.relative(root, file).replaceAll(path.sep, '/')
}
