// Installs the loader in a realm that two namespaces and the host share, and prints what each of them finds.
import { createRequire, findPackageJSON } from 'node:module'
import { createCurrent, createNamespace, createPatchRegistry, slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createLoaderInterceptor, loaderParts } from '@libvisor/loader'
import { createMemoryFiles } from './memory-files.ts'

function createGuest(name: string): Namespace {
  const ns = createNamespace({ name })
  const folder = `/guest-${name}`
  ns.provide(
    slots.fileView,
    createMemoryFiles({
      [`${folder}/package.json`]: '{"type": "module"}',
      [`${folder}/module.js`]: `export default '${name} by import'`,
      [`${folder}/common.cjs`]: `module.exports = '${name} by require'`,
    }),
  )
  return ns
}

const require = createRequire(import.meta.url)
const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code

async function look(name: string): Promise<unknown[]> {
  const found: unknown[] = []
  try {
    found.push(require(`/guest-${name}/common.cjs`))
  } catch (error) {
    found.push(codeOf(error))
  }
  await null
  found.push(
    await import(`/guest-${name}/module.js`).then((module) => (module as { default: unknown }).default, codeOf),
  )
  return found
}

const patches = createPatchRegistry()
const installation = createLoaderInterceptor({ parts: () => loaderParts }).install(
  { kind: 'shared', global: globalThis, patches, whenAsked() {}, ask() {} },
  createCurrent(),
)
const a = createGuest('a')
const b = createGuest('b')
const seen = {
  hostBefore: await look('a'),
  guests: await Promise.all([a.run(look, 'a'), b.run(look, 'b')]),
  packageOfGuest: a.run(
    () => createRequire('/guest-a/x.js')('module').findPackageJSON('..', '/guest-a/lib/x.js') as string,
  ),
  otherGuest: await b.run(look, 'c'),
  nodeItself: typeof (await a.run(() => import('node:fs'))).readFileSync,
}
installation[Symbol.dispose]()
patches[Symbol.dispose]()
const restored = createGuest('d')
process.stdout.write(
  JSON.stringify({
    ...seen,
    afterDisposal: await restored.run(look, 'd'),
    isRestored: createRequire(import.meta.url)('module').findPackageJSON === findPackageJSON,
  }),
)
