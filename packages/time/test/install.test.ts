import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** Runs a program in a process of its own, whose realm may be changed, and gives what it prints as JSON. */
function run(body: string, env: Record<string, string> = {}): unknown {
  const program = `
    import assert from 'node:assert'
    import http from 'node:http'
    import { AsyncLocalStorage } from 'node:async_hooks'
    import { createCurrent, createNamespace, createPatchRegistry, slots } from '@libvisor/core'
    import { createClock, createTimeInterceptor } from '@libvisor/time'
    const guest = (options) => {
      const ns = createNamespace({ name: 'guest' })
      const clock = createClock(options)
      ns.provide(slots.clock, clock)
      return { ns, clock }
    }
    const install = (kind, constant) => {
      const patches = createPatchRegistry()
      const realm = { kind, global: globalThis, patches, whenAsked: (id, hook) => hook(process.getBuiltinModule(id)), ask() {} }
      const installed = createTimeInterceptor().install(realm, createCurrent(constant))
      return { [Symbol.dispose]() { installed[Symbol.dispose](); patches[Symbol.dispose]() } }
    }
    const print = (value) => console.log(JSON.stringify(value))
    ${body}`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return JSON.parse(output)
}

const snapshot = `
  const snapshot = () => [Date, setTimeout, process.hrtime, Intl.DateTimeFormat, AbortSignal.timeout,
    ...Object.values(Object.getOwnPropertyDescriptors(Date.prototype)).map((d) => d.value),
    ...Object.values(Object.getOwnPropertyDescriptors(Performance.prototype)).map((d) => d.value ?? d.get)]
  const before = snapshot()`

describe('a realm of one namespace', () => {
  it("is not patched at all when it has the host's time", () => {
    const body = `${snapshot}
      install('own', guest({}).ns)
      print(snapshot().every((value, index) => value === before[index]))`
    expect(run(body)).toBe(true)
  })

  it('keeps native timers when its clock runs', () => {
    const body = `
      const timer = setTimeout
      install('own', guest({ startMs: 0 }).ns)
      print([setTimeout === timer, Date.now() < 5000, new Date().getUTCFullYear(), Math.round(performance.timeOrigin / 60_000)])`
    expect(run(body)).toEqual([true, true, 1970, 0])
  })

  it('has the zone of its namespace, in the engine itself', () => {
    const body = `
      install('own', guest({ zone: 'Asia/Tokyo' }).ns)
      print([new Date(0).getHours(), Intl.DateTimeFormat().resolvedOptions().timeZone, new Date(0).toString(), process.env.TZ])`
    expect(run(body, { TZ: 'UTC' })).toEqual([
      9,
      'Asia/Tokyo',
      'Thu Jan 01 1970 09:00:00 GMT+0900 (Japan Standard Time)',
      'Asia/Tokyo',
    ])
  })

  it('leaves nothing behind', () => {
    const body = `${snapshot}
      install('own', guest({ mode: 'manual', zone: 'Asia/Tokyo' }).ns)[Symbol.dispose]()
      print([snapshot().every((value, index) => value === before[index]), process.env.TZ, new Date(0).getHours()])`
    expect(run(body, { TZ: 'UTC' })).toEqual([true, 'UTC', 0])
  })
})

describe('a thread of one namespace', () => {
  it('has a zone and a clock of its own, and the process another', () => {
    const body = `
      import { Worker } from 'node:worker_threads'
      new Worker(new URL('fixtures/thread-guest.mjs', import.meta.url), { execArgv: [] }).on('message', (seen) => print([...seen, new Date(0).getHours()]))`
    expect(run(body, { TZ: 'UTC' })).toEqual([
      'Thu Jan 01 1970 09:00:00 GMT+0900 (Japan Standard Time)',
      -9 * 3_600_000,
      'Asia/Tokyo',
      0,
    ])
  })
})

describe('a shared realm', () => {
  it('gives each namespace its own time and zone and the host the real ones', () => {
    const body = `
      install('shared')
      const see = () => [new Date().getUTCFullYear(), new Date(0).getHours(), Date().slice(-6, -5), Intl.DateTimeFormat().resolvedOptions().timeZone,
        new Date(2020, 0, 1).toISOString(), new Date(0).toLocaleTimeString('en-US'), new Intl.DateTimeFormat('en-US').format().slice(-4)]
      const a = guest({ startMs: Date.UTC(2001, 5, 1), zone: 'Asia/Tokyo' })
      const b = guest({ mode: 'manual', startMs: Date.UTC(2002, 5, 1), zone: 'America/New_York' })
      print([a.ns.run(see), b.ns.run(see), see().slice(1, 2), new Date(0) instanceof Date, new Date().constructor === Date])`
    const [a, b, ...host] = run(body, { TZ: 'UTC' }) as unknown[]
    expect(a).toEqual([2001, 9, expect.any(String), 'Asia/Tokyo', '2019-12-31T15:00:00.000Z', '9:00:00 AM', '2001'])
    expect(b).toEqual([
      2002,
      19,
      expect.any(String),
      'America/New_York',
      '2020-01-01T05:00:00.000Z',
      '7:00:00 PM',
      '2002',
    ])
    expect(host).toEqual([[0], true, true])
  })

  it('lets all clocks of a namespace stand still together, and move together', () => {
    const body = `
      install('shared')
      const { ns, clock } = guest({ mode: 'manual', startMs: 5000 })
      const see = () => [Date.now(), performance.now(), performance.timeOrigin, performance.mark('m').startTime,
        performance.measure('x').duration, performance.toJSON().timeOrigin]
      const before = ns.run(see)
      const start = ns.run(() => [process.hrtime(), process.hrtime.bigint()])
      await clock.advance(1500)
      const after = ns.run(see)
      const passed = ns.run(() => [process.hrtime(start[0]), Number(process.hrtime.bigint() - start[1])])
      print([before, after, passed])`
    expect(run(body)).toEqual([
      [5000, 0, 5000, 0, 0, 5000],
      [6500, 1500, 5000, 1500, 1500, 5000],
      [[1, 500_000_000], 1_500_000_000],
    ])
  })

  it('hangs nothing while a clock is frozen: http, fetch, streams and events complete', () => {
    const body = `
      install('shared')
      const { ns, clock } = guest({ mode: 'manual', startMs: Date.UTC(2030, 0, 1) })
      const result = await ns.run(async () => {
        const server = http.createServer((request, response) => response.end('hello'))
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
        const response = await fetch('http://127.0.0.1:' + server.address().port)
        const seen = [await response.text(), response.headers.get('date')]
        server.closeAllConnections()
        server.close()
        await new Promise(setImmediate)
        return seen
      })
      print([...result, clock.timers.size])
      process.exit()`
    expect(run(body)).toEqual(['hello', 'Tue, 01 Jan 2030 00:00:00 GMT', expect.any(Number)])
  })

  it('aborts a signal when its clock says so', () => {
    const body = `
      install('shared')
      const { ns, clock } = guest({ mode: 'manual' })
      const signal = ns.run(() => AbortSignal.timeout(100))
      await clock.advance(99)
      const before = signal.aborted
      await clock.advance(1)
      print([before, signal.aborted, signal.reason.name, signal.reason.message])`
    expect(run(body)).toEqual([false, true, 'TimeoutError', 'The operation was aborted due to timeout'])
  })

  it('tells Temporal.Now, where there is one', () => {
    const body = `
      install('shared')
      const { ns } = guest({ mode: 'manual', startMs: 0, zone: 'Asia/Tokyo' })
      print(typeof Temporal === 'undefined' ? 'none' : ns.run(() => [Temporal.Now.instant().epochMilliseconds, Temporal.Now.timeZoneId(),
        String(Temporal.Now.plainDateTimeISO()), String(Temporal.Now.plainTimeISO('UTC'))]))`
    const seen = run(body)
    if (seen !== 'none') expect(seen).toEqual([0, 'Asia/Tokyo', '1970-01-01T09:00:00', '00:00:00'])
  })
})
