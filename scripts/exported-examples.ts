import path from 'node:path'
import ts from 'typescript'
import { display } from './workspace.ts'
import type { WorkspacePackage } from './workspace.ts'

/** Code that a reader will copy. */
export interface Example {
  /** What it is tested with: the folder of its package, or `documents`. */
  readonly group: string
  /** What it shows. */
  readonly name: string
  readonly file: string
  readonly line: number
  readonly code: string
}

/** What the docstrings of the packages hold. */
export interface ExportedExamples {
  readonly examples: readonly Example[]
  /** Exported functions that have none: file, line and name. */
  readonly missing: readonly string[]
}

/** Collects the examples of everything that the packages export, members of classes and interfaces included. */
export function exportedExamples(packages: readonly WorkspacePackage[]): ExportedExamples {
  const entries = packages.flatMap(({ folder, directory, manifest }) =>
    Object.values(manifest.exports ?? {}).map((file) => ({ group: folder, entry: path.join(directory, file) })),
  )
  const program = ts.createProgram({
    rootNames: entries.map(({ entry }) => entry),
    options: {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2024,
      allowImportingTsExtensions: true,
      noEmit: true,
      types: [],
    },
  })
  const checker = program.getTypeChecker()
  const examples: Example[] = []
  const missing: string[] = []
  const seen = new Set<ts.Node>()

  for (const { group, entry } of entries) {
    const source = program.getSourceFile(entry)
    const module = source && checker.getSymbolAtLocation(source)
    if (module === undefined) continue
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const declarations = (symbol.declarations ?? []).filter(isOwn)
      const found = declarations.flatMap((node) => examplesBelow(node, group, symbol.name, seen))
      examples.push(...found)
      const [first] = declarations.filter(isFunction)
      if (first !== undefined && !declarations.some(hasExample)) missing.push(`${placeOf(first)} ${symbol.name}()`)
    }
  }
  return { examples, missing: [...new Set(missing)] }
}

function isOwn(node: ts.Declaration): boolean {
  return !/[\\/]node_modules[\\/]/.test(node.getSourceFile().fileName)
}

function isFunction(node: ts.Declaration): boolean {
  if (ts.isFunctionDeclaration(node)) return true
  const initializer = ts.isVariableDeclaration(node) ? node.initializer : undefined
  return initializer !== undefined && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))
}

function hasExample(node: ts.Node): boolean {
  return ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'example')
}

function placeOf(node: ts.Node): string {
  const source = node.getSourceFile()
  return `${display(source.fileName)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
}

/** The examples of a declaration and of its members, each once. */
function examplesBelow(node: ts.Node, group: string, name: string, seen: Set<ts.Node>): readonly Example[] {
  const examples: Example[] = []
  const visit = (current: ts.Node, title: string): void => {
    for (const comment of ts.getJSDocCommentsAndTags(current)) {
      if (ts.isJSDoc(comment) && !seen.has(comment)) {
        seen.add(comment)
        examples.push(...examplesOf(comment, group, title))
      }
    }
    if (ts.isClassDeclaration(current) || ts.isInterfaceDeclaration(current)) {
      for (const member of current.members) visit(member, `${title}.${member.name?.getText() ?? 'constructor'}`)
    }
  }
  visit(node, name)
  return examples
}

/** The blocks of code in a docstring that follow an `@example`, as they stand there: the parser would reflow them. */
function examplesOf(comment: ts.JSDoc, group: string, name: string): readonly Example[] {
  const source = comment.getSourceFile()
  const start = source.getLineAndCharacterOfPosition(comment.getStart()).line
  const lines = comment
    .getText()
    .split('\n')
    .map((line) => line.replace(/^\s*\*(?: |$)/, ''))
  const examples: Example[] = []
  let isExample = false
  let code: string[] | undefined
  for (const [offset, line] of lines.entries()) {
    if (code === undefined) {
      if (/^@\w/.test(line)) isExample = line.startsWith('@example')
      if (isExample && line.startsWith('```ts')) code = []
    } else if (line.startsWith('```')) {
      const first = start + offset - code.length + 1
      examples.push({ group, name, file: display(source.fileName), line: first, code: code.join('\n') })
      code = undefined
    } else {
      code.push(line)
    }
  }
  return examples
}
