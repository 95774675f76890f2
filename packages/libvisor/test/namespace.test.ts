import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { lookup, reverse } from 'node:dns/promises'
import fs, { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createNamespace, memory } from 'libvisor'

/** What a file of the host says, whoever runs. */
const nativeText = (path: string): string => execFileSync('cat', [path], { encoding: 'utf8' })

describe('a namespace for the host’s own code', () => {
  it('has its own files within run(), whatever it awaits, and leaves the host’s alone', async () => {
    using ns = createNamespace({ fs: { '/': memory({ '/etc/app.json': '{"own":true}' }) } })
    const seen = await ns.run(async () => {
      await writeFile('/made.txt', 'made')
      await delay(1)
      fs.appendFileSync('/made.txt', ' more')
      return [await readFile('/made.txt', 'utf8'), await readFile('/etc/app.json', 'utf8'), fs.readdirSync('/')]
    })
    expect(seen).toEqual(['made more', '{"own":true}', ['dev', 'etc', 'made.txt', 'proc']])
    expect(existsSync('/made.txt')).toBe(false)
    expect(await ns.fs.readFile('/made.txt', 'utf8')).toBe('made more')
  })

  it('has an /etc that tells what os and dns do, where its files in memory have none', async () => {
    const files = { '/etc/app.json': '{}', 'etc/resolv.conf': 'nameserver 10.0.0.1\n' }
    using ns = createNamespace({
      name: 'api',
      fs: { '/': memory(files) },
      net: { hosts: { db: '10.0.0.2' } },
      process: { uid: 1000, gid: 1001, env: { HOME: '/home/ann', USER: 'ann' } },
    })
    await ns.run(async () => {
      const read = (name: string): string => fs.readFileSync(`/etc/${name}`, 'utf8')
      expect(fs.readdirSync('/etc')).toEqual(['app.json', 'group', 'hostname', 'hosts', 'passwd', 'resolv.conf'])
      expect(read('hostname')).toBe(`${os.hostname()}\n`)
      expect(read('hosts')).toContain('10.0.0.2\tdb\n')
      expect((await lookup('db')).address).toBe('10.0.0.2')
      expect(read('resolv.conf')).toBe('nameserver 10.0.0.1\n')
      expect(os.userInfo()).toMatchObject({ uid: 1000, gid: 1001, username: 'ann', homedir: '/home/ann' })
      expect(read('group')).toContain('ann:x:1001:')
    })
  })

  it('is told who it is by /etc over the host’s root, and what it writes there counts', async () => {
    const options = { name: 'api', net: { hosts: { db: '10.0.0.2' } } }
    const [resolv, passwd] = [nativeText('/etc/resolv.conf'), nativeText('/etc/passwd')]
    using ns = createNamespace(options)
    await ns.run(async () => {
      expect((await lookup('db')).address).toBe('10.0.0.2')
      expect(fs.readFileSync('/etc/hostname', 'utf8')).toBe('api\n')
      expect(os.hostname()).toBe('api')
      expect(fs.readFileSync('/etc/hosts', 'utf8')).toMatch(/^127\.0\.0\.1\tapi\n10\.0\.0\.2\tdb\n/m)
      expect(await readFile('/etc/hosts', 'utf8')).toBe(fs.readFileSync('/etc/hosts', 'utf8'))
      expect(fs.readFileSync('/etc/resolv.conf', 'utf8')).toBe(resolv)
      expect(fs.readFileSync('/etc/passwd', 'utf8')).toBe(passwd)
      expect(fs.statSync('/etc/hosts')).toMatchObject({ uid: 0, mode: 0o100644, dev: fs.statSync('/etc').dev })
      fs.appendFileSync('/etc/hosts', 'fd00::7 cache # new\n10.0.0.7 cache Cache.Local\n')
      expect(await lookup('CACHE', { all: true })).toEqual([
        { address: 'fd00::7', family: 6 },
        { address: '10.0.0.7', family: 4 },
      ])
      expect((await lookup('cache.local', 4)).address).toBe('10.0.0.7')
      expect(await reverse('10.0.0.7')).toEqual(['cache'])
      fs.writeFileSync('/etc/new', '10.0.0.8 db\n')
      fs.renameSync('/etc/new', '/etc/hosts')
      expect((await lookup('db')).address).toBe('10.0.0.8')
      expect((await lookup('api')).address).toBe('127.0.0.1')
      fs.unlinkSync('/etc/hosts')
      await expect(lookup('localhost', 4)).resolves.toMatchObject({ address: '127.0.0.1' })
      fs.writeFileSync('/etc/hostname', 'other\n')
    })
    expect(ns.fs.diff()).toEqual({ added: [], changed: ['/etc/hostname'], deleted: ['/etc/hosts'] })
    using other = createNamespace(options)
    other.run(() => expect(fs.readFileSync('/etc/hostname', 'utf8')).toBe('api\n'))
    expect(fs.readFileSync('/etc/hostname', 'utf8')).toBe(nativeText('/etc/hostname'))
  })

  it('has no other /etc than the one it was given', () => {
    using mounted = createNamespace({ fs: { '/': memory(), '/etc': memory({ own: '' }) } })
    expect(mounted.run(() => fs.readdirSync('/etc'))).toEqual(['own'])
    using empty = createNamespace({ fs: { '/': memory({ 'etc/': '' }) } })
    expect(empty.run(() => fs.readdirSync('/etc'))).toEqual([])
    using real = createNamespace()
    expect(real.run(() => fs.readFileSync('/etc/passwd', 'utf8'))).toBe(fs.readFileSync('/etc/passwd', 'utf8'))
  })

  it('is apart from others that run at the same time, on the same port and the same path', async () => {
    const serve = async (name: string): Promise<string> => {
      using ns = createNamespace({ name, fs: { '/': memory() }, process: { env: { NAME: name } } })
      return await ns.run(async () => {
        fs.writeFileSync('/name.txt', name)
        const server = http.createServer((_request, response) => {
          response.end([process.env['NAME'], os.hostname(), fs.readFileSync('/name.txt', 'utf8'), process.pid].join())
        })
        server.listen(3000)
        await once(server, 'listening')
        const answer = await (await fetch('http://localhost:3000/')).text()
        server.closeAllConnections()
        server.close()
        return answer
      })
    }
    expect(await Promise.all([serve('a'), serve('b')])).toEqual(['a,a,a,1', 'b,b,b,1'])
  })

  it('does not reach, and is not reached by, the host’s ports', async () => {
    const server = http.createServer((_request, response) => response.end('host')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    using ns = createNamespace({ fs: { '/': memory() } })
    await expect(ns.run(() => fetch(`http://127.0.0.1:${port}/`))).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    })
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('host')
    server.closeAllConnections()
    server.close()
  })

  it('moves a manual clock on, and tells what to do where the clock is not manual', async () => {
    using ns = createNamespace({ time: { mode: 'manual', start: '2030-01-01T00:00:00Z' } })
    const fired: string[] = []
    ns.run(() => setTimeout(() => fired.push(new Date().toISOString()), 3_600_000))
    await ns.advance(3_600_000)
    expect(fired).toEqual(['2030-01-01T01:00:00.000Z'])
    expect(new Date().getFullYear()).toBeLessThan(2030)
    using other = createNamespace()
    await expect(other.advance(1)).rejects.toMatchObject({ code: 'VISOR_OPTION_INVALID' })
  })

  it('repeats its randomness with a seed', () => {
    const draw = (): number => {
      using ns = createNamespace({ random: { seed: 7 } })
      return ns.run(() => Math.random())
    }
    expect(draw()).toBe(draw())
    expect(Math.random()).not.toBe(draw())
  })

  it('denies executables of the host inside, and leaves them to the host outside', () => {
    using ns = createNamespace()
    expect(() => ns.run(() => execFileSync('true'))).toThrow(expect.objectContaining({ code: 'VISOR_DENIED' }))
    execFileSync('true')
  })

  it('gives the realm back as it was when the last one has been disposed of', () => {
    const before = Object.getOwnPropertyDescriptors(fs)
    const ns = createNamespace()
    expect(fs.readFileSync).not.toBe(before.readFileSync.value)
    ns[Symbol.dispose]()
    ns[Symbol.dispose]()
    expect(fs.readFileSync).toBe(before.readFileSync.value)
    expect(() => ns.run(() => 1)).toThrow(expect.objectContaining({ code: 'VISOR_GUEST_ENDED' }))
  })
})
