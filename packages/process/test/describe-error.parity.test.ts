import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import vm from 'node:vm'
import { createNamespace, slots } from '@libvisor/core'
import type { FileView } from '@libvisor/core'
import { describeUncaught } from '@libvisor/process'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import { test } from 'vitest'

/** What ends a program. */
const programs: Record<string, string> = {
  'an error that is thrown': "function fail() {\n\tthrow new TypeError('of a guest')\n}\nfail()\n",
  'an error of the engine': 'const list = undefined\nlist.push(1)\n',
  'an error with properties': "throw Object.assign(new Error('coded'), { code: 'E_CODE' })\n",
  'an error with several lines': "throw new Error('one\\ntwo')\n",
}

/** All but the frames that depend on who runs the program. */
const comparable = (text: string): string[] => text.split('\n').filter((line) => !/^ +at (?!fail )/.test(line))

for (const [title, source] of Object.entries(programs)) {
  test(`${title} is described as Node describes it`, async () => {
    await using directory = await temporaryDirectory({ 'program.cjs': source })
    const filename = path.join(directory.path, 'program.cjs')
    const native = await runScript([filename])

    using ns = createNamespace({ name: 'a' })
    ns.provide(slots.fileView, {
      kind: () => 'file',
      read: (name) => readFileSync(name),
      realpath: (name) => name,
      hostPath: (name) => name,
      differsFromHost: () => false,
    } satisfies FileView)
    let thrown: unknown
    try {
      vm.compileFunction(source, [], { filename })()
    } catch (error) {
      thrown = error
    }
    const described = `${describeUncaught(ns, thrown)}\n\nNode.js ${process.version}\n`
    assert.deepEqual(comparable(described), comparable(native.stderr))
  })
}

test('what is no error is described as Node describes it, but for where it was thrown', async () => {
  await using directory = await temporaryDirectory({ 'program.cjs': 'throw { a: 1 }\n' })
  const native = await runScript([path.join(directory.path, 'program.cjs')])
  using ns = createNamespace({ name: 'a' })
  const described = `${describeUncaught(ns, { a: 1 })}\n\nNode.js ${process.version}\n`
  assert.equal(described, native.stderr.replace(/^[^]*\^\n/, 'Uncaught:\n'))
})
