import fs from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { publishedPackages, root } from './workspace.ts'
import type { WorkspacePackage } from './workspace.ts'

const dist = path.join(root, 'packages', 'libvisor', 'dist')

/** The public entries, by the name of the declaration file in `dist`. */
const entries: Readonly<Record<string, string>> = { index: 'index.d.ts', register: 'register.d.ts' }

/** Where `tsc -b` puts the declarations of a package. */
function declarationsOf({ folder, directory }: WorkspacePackage): string {
  return folder === 'libvisor' ? path.join(root, '.tmp', 'types', folder) : path.join(directory, 'dist')
}

/**
 * Carries the declarations that libvisor's entries reach over to `packages/libvisor/dist/types`, with imports of the
 * workspace's packages made relative, so that the published types need nothing but Node's.
 *
 * @returns how many files there are
 */
export function bundleDeclarations(): number {
  const packages = publishedPackages()
  const carried = new Map<string, string>()

  /** Where a declaration file goes: below `types`, in the folder of its package. */
  const placeOf = (file: string): string => {
    const owner = packages.find((candidate) => file.startsWith(declarationsOf(candidate) + path.sep))
    if (owner === undefined) throw new Error(`${file} belongs to no package`)
    return path.join(dist, 'types', owner.folder, path.relative(declarationsOf(owner), file))
  }

  /** The declaration file that a specifier means, or `undefined` when it is Node's. */
  const resolve = (specifier: string, from: string): string | undefined => {
    if (specifier.startsWith('.')) return path.resolve(path.dirname(from), specifier.replace(/\.[jt]s$/, '.d.ts'))
    if (specifier.startsWith('node:')) return undefined
    const owner = packages.find(
      ({ manifest }) => specifier === manifest.name || specifier.startsWith(`${manifest.name}/`),
    )
    const source = owner?.manifest.exports?.[`.${specifier.slice(owner.manifest.name.length)}`]
    if (owner === undefined || source === undefined) {
      throw new Error(`${from} uses types of '${specifier}', which a user of libvisor does not have`)
    }
    return path.join(declarationsOf(owner), source.replace(/^\.\/src\//, '').replace(/\.ts$/, '.d.ts'))
  }

  const carry = (file: string): void => {
    if (carried.has(file)) return
    const place = placeOf(file)
    carried.set(file, place)
    let text = fs.readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
    // From the last to the first, so that positions stay right.
    for (const { fileName: specifier, pos: quote } of ts.preProcessFile(text, true, true).importedFiles.toReversed()) {
      const target = resolve(specifier, file)
      if (target === undefined) continue
      carry(target)
      const relative = path.relative(path.dirname(place), placeOf(target)).replaceAll(path.sep, '/')
      const rewritten = (relative.startsWith('.') ? relative : `./${relative}`).replace(/\.d\.ts$/, '.js')
      text = text.slice(0, quote + 1) + rewritten + text.slice(quote + 1 + specifier.length)
    }
    fs.mkdirSync(path.dirname(place), { recursive: true })
    fs.writeFileSync(place, text)
  }

  const libvisor = packages.find(({ folder }) => folder === 'libvisor')
  if (libvisor === undefined) throw new Error('packages/libvisor is missing')
  for (const [name, file] of Object.entries(entries)) {
    carry(path.join(declarationsOf(libvisor), file))
    fs.writeFileSync(path.join(dist, `${name}.d.ts`), `export * from './types/libvisor/${name}.js'\n`)
  }
  return carried.size
}
