import ts from 'typescript'

/** What one declaration or expression imports. */
export interface Import {
  readonly specifier: string
  readonly isType: boolean
}

/** What a declaration or expression imports, if it does. */
export function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const isType = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return { specifier: node.moduleSpecifier.text, isType }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, isType: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, isType: true }
  }
  if (ts.isCallExpression(node) && isLoader(node.expression)) {
    const [specifier] = node.arguments
    if (specifier !== undefined && ts.isStringLiteral(specifier)) return { specifier: specifier.text, isType: false }
  }
  return undefined
}

function isLoader(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  return ts.isIdentifier(callee) ? callee.text === 'require' : callee.getText() === 'process.getBuiltinModule'
}

const schedulers = new Set(['setImmediate', 'nextTick', 'queueMicrotask'])
const timers = new Set(['setTimeout', 'setInterval'])
const timerHolders = /^(?:globalThis|host|global|original\(.*\))$/

/** The scheduling function that an expression refers to, if it does. A shim may still define one of that name. */
export function scheduling(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const { text } = node.name
    if (schedulers.has(text)) return isOwn(node.expression) ? undefined : node.getText()
    return timers.has(text) && timerHolders.test(node.expression.getText()) ? node.getText() : undefined
  }
  if (!ts.isIdentifier(node) || !(schedulers.has(node.text) || timers.has(node.text)) || !isReference(node))
    return undefined
  return declares(node.getSourceFile(), node.text) ? undefined : node.text
}

/** Whether an identifier stands for a value, and does not name a member, a declaration or a type. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isTypeNode(parent) || ts.isQualifiedName(parent) || ts.isPropertyAccessExpression(parent)) {
    return ts.isPropertyAccessExpression(parent) && parent.expression === node
  }
  if (ts.isShorthandPropertyAssignment(parent)) return true
  return (parent as Partial<ts.NamedDeclaration>).name !== node
}

function isOwn(receiver: ts.Expression): boolean {
  return receiver.kind === ts.SyntaxKind.ThisKeyword
}

/** The host's clock or source of randomness that an expression reads, if it does. */
export function hostPower(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date') {
    return node.arguments === undefined || node.arguments.length === 0 ? 'Date' : undefined
  }
  if (!ts.isPropertyAccessExpression(node)) return undefined
  switch (node.getText()) {
    case 'Date.now':
      return 'Date'
    case 'Math.random':
      return 'Math'
    case 'performance.now':
      return 'performance'
    case 'process.hrtime':
      return 'process'
    default:
      return undefined
  }
}

/** Whether a file declares a name of its own anywhere, so that the global of that name is not what is meant. */
export function declares(source: ts.SourceFile, name: string): boolean {
  let declared = false
  const visit = (node: ts.Node): void => {
    if (declared) return
    const declaration = node as Partial<ts.NamedDeclaration>
    const isBinding =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isImportSpecifier(node)
    if (isBinding && declaration.name !== undefined && declaration.name.getText() === name) declared = true
    else ts.forEachChild(node, visit)
  }
  visit(source)
  return declared
}
