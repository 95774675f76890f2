import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript } from '@libvisor/testkit'

const cwd = fileURLToPath(new URL('..', import.meta.url))

/** Runs a module in a process of its own, since a realm is patched there, and gives what it prints as JSON. */
async function inProcess(source: string): Promise<unknown> {
  const preamble = `
    import { openRealm, installInterceptors } from '@libvisor/realm'
    const { process: { getBuiltinModule } } = globalThis
    const print = (value) => console.log(JSON.stringify(value))`
  const { stdout, stderr } = await runScript(['--input-type=module', '-e', `${preamble}\n${source}`], { cwd })
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout)
}

describe('a realm that is patched in place', () => {
  it('installs hooks when a built-in is asked for, and not before', async () => {
    const seen = await inProcess(`
      const realm = openRealm({ kind: 'own' })
      const seen = []
      realm.whenAsked('dgram', () => seen.push('dgram'))
      realm.commit()
      seen.push('committed')
      realm.ask('dgram')
      realm.ask('dgram')
      print(seen)`)
    expect(seen).toEqual(['committed', 'dgram'])
  })

  it('installs the hooks of what a built-in has loaded as well: http rides on net', async () => {
    const seen = await inProcess(`
      const realm = openRealm({ kind: 'own' })
      const seen = []
      for (const id of ['http', 'net', 'tls', 'cluster']) realm.whenAsked(id, () => seen.push(id))
      realm.ask('http')
      print(seen)`)
    expect(seen).toEqual(['http', 'net'])
  })

  it('leaves what every start of Node loads alone until it is asked for itself', async () => {
    const seen = await inProcess(`
      const realm = openRealm({ kind: 'own' })
      const seen = []
      realm.whenAsked('fs', () => seen.push('fs'))
      realm.ask('http')
      seen.push('http asked')
      realm.ask('fs')
      print(seen)`)
    expect(seen).toEqual(['http asked', 'fs'])
  })

  it('shows ES modules what is patched late, and restores it', async () => {
    const seen = await inProcess(`
      import { join } from 'node:path'
      const realm = openRealm({ kind: 'own' })
      realm.whenAsked('path', (exports) => realm.patches.patch(exports, 'join', { value: () => 'patched' }))
      realm.commit()
      const before = join('a', 'b')
      realm.ask('path')
      const during = join('a', 'b')
      realm[Symbol.dispose]()
      print([before, during, join('a', 'b')])`)
    expect(seen).toEqual(['a/b', 'patched', 'a/b'])
  })

  it('seals built-ins after the hooks of all that were asked for with them', async () => {
    const seen = await inProcess(`
      const seen = []
      const realm = openRealm({ kind: 'own', seal: (id) => seen.push('seal ' + id) })
      realm.whenAsked('net', () => { realm.ask('dns'); seen.push('net') })
      realm.whenAsked('dns', () => { realm.ask('net'); seen.push('dns') })
      realm.ask('net')
      print(seen)`)
    expect(seen).toEqual(['dns', 'net', 'seal net', 'seal dns'])
  })

  it('asks for built-ins when Node announces that it uses them by itself, without reading the global behind it', async () => {
    const seen = await inProcess(`
      const seen = []
      const realm = openRealm({ kind: 'own' })
      realm.whenAsked('net', () => seen.push('net'))
      installInterceptors({
        realm, interceptors: [], current: () => undefined,
        announcements: { 'undici:client:beforeConnect': ['net'] },
      })
      seen.push(process.moduleLoadList.some((name) => name.includes('undici')))
      await fetch('http://127.0.0.1:54321/').catch(() => seen.push('failed'))
      print(seen)`)
    expect(seen).toEqual([false, 'net', 'failed'])
  })
})
