/**
 * Holds manifests and sources to the rules of the layers: who imports whom, who may import `node:` values, and who may
 * schedule. Prints what breaks them, and ends with code 1.
 */
import fs from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import ts from 'typescript'
import { layers, tools } from './layers.table.ts'
import { declares, hostPower, importOf, scheduling } from './source-rules.ts'
import type { Import } from './source-rules.ts'
import { display, filesBelow, workspacePackages } from './workspace.ts'
import type { Manifest, WorkspacePackage } from './workspace.ts'

const problems: string[] = []
const packages = workspacePackages()
const names = new Set(packages.map(({ manifest }) => manifest.name))
let checked = 0

for (const workspacePackage of packages) {
  const { manifest, directory } = workspacePackage
  if (tools.has(manifest.name)) continue
  if (layers[manifest.name] === undefined) {
    problems.push(`packages/${workspacePackage.folder}/package.json: ${manifest.name} has no layer in layers.table.ts`)
    continue
  }
  checkManifest(workspacePackage)
  for (const file of filesBelow(path.join(directory, 'src'), '.ts')) checkSource(manifest, directory, file)
}

for (const problem of problems) console.error(problem)
console.log(`${checked} files, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1

/** Whether a package may import another. */
function mayImport(from: string, to: string): boolean {
  const [above, below] = [layers[from], layers[to]]
  return above !== undefined && below !== undefined && below < above
}

function checkManifest({ manifest, folder }: WorkspacePackage): void {
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest
  for (const name of Object.keys({
    ...dependencies,
    ...devDependencies,
    ...peerDependencies,
    ...optionalDependencies,
  })) {
    if (!names.has(name)) continue
    const isTestTool = tools.has(name) && devDependencies?.[name] !== undefined
    if (!isTestTool && !mayImport(manifest.name, name)) {
      problems.push(`packages/${folder}/package.json: ${manifest.name} must not depend on ${name}`)
    }
  }
}

function checkSource(manifest: Manifest, directory: string, file: string): void {
  checked++
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const isNative = file.endsWith('.native.ts')
  const isShim = path.relative(path.join(directory, 'src'), file).split(path.sep).includes('shim')

  const report = (node: ts.Node, message: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart())
    problems.push(`${display(file)}:${line + 1}: ${message}`)
  }

  const visit = (node: ts.Node): void => {
    const imported = importOf(node)
    if (imported !== undefined) checkImport(imported, node)
    if (isShim) {
      const name = scheduling(node)
      if (name !== undefined) report(node, `${name} in shim/: what reaches guest code goes through deliver() of core`)
    }
    if (!isNative) {
      const power = hostPower(node)
      if (power !== undefined && !declares(source, power)) {
        report(node, `${node.getText()} reads the host's clock or entropy: only *.native.ts may`)
      }
    }
    ts.forEachChild(node, visit)
  }

  const checkImport = ({ specifier, isType }: Import, node: ts.Node): void => {
    if (specifier.startsWith('.')) {
      const target = path.resolve(path.dirname(file), specifier)
      if (!target.startsWith(path.join(directory, 'src') + path.sep))
        report(node, `'${specifier}' leaves the package's src`)
    } else if (isBuiltin(specifier)) {
      if (!isType && !isNative) report(node, `'${specifier}' is imported as a value: only *.native.ts may`)
    } else {
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
      if (names.has(name) && !mayImport(manifest.name, name)) report(node, `${manifest.name} must not import ${name}`)
    }
  }

  visit(source)
}
