import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import type { MemoryRealmOptions } from './memory-realm.ts'
import { runBoth } from './run-program.ts'

/** What a program prints that exists only in memory. */
function run(
  files: Readonly<Record<string, string>>,
  options: MemoryRealmOptions = {},
  env: Readonly<Record<string, string>> = {},
): string {
  const entry = Object.keys(files)[0] ?? ''
  const { memory } = runBoth({ files, entry, env }, options)
  return memory.stdout + memory.stderr
}

describe('built-ins', { timeout: 30_000 }, () => {
  const ways = {
    'require()': "require('zlib')",
    'require() with a scheme': "require('node:zlib')",
    'import()': "import('zlib')",
    'an import declaration': "import('./static.mjs')",
    'createRequire()': "require('module').createRequire('/')('zlib')",
    'module.require()': "module.require('zlib')",
    'Module._load()': "module.constructor._load('zlib', null, false)",
    'process.getBuiltinModule()': "process.getBuiltinModule('node:zlib')",
    'a resolve hook of its own':
      "require('module').registerHooks({ resolve: (s, c, n) => s === 'x' ? { url: 'node:zlib', format: 'builtin', shortCircuit: true } : n(s, c), load: (u, c, n) => u === 'node:zlib' ? { format: 'builtin', shortCircuit: true, source: '' } : n(u, c) }); require('x')",
    'an import map of its package': "import('#z')",
  }
  for (const [name, code] of Object.entries(ways)) {
    const files = {
      'main.js': `try { Promise.resolve(${code.includes(';') ? `(() => { ${code} })()` : code}).catch((error) => console.log(error.code, error.message)) } catch (error) { console.log(error.code, error.message) }`,
      'static.mjs': "import 'zlib'",
      'package.json': '{"imports": {"#z": "zlib"}}',
    }
    test(`${name} is seen before it gets one`, () => {
      expect(run(files, { traceBuiltins: true })).toMatch(/^built-ins: (?:module )?zlib\n$/)
    })
    test(`${name} does not get one that is denied`, () => {
      expect(run(files, { denied: ['zlib'] })).toBe('VISOR_UNSUPPORTED node:zlib is not supported in a guest\n')
    })
  }
})

describe('what node:module offers', { timeout: 30_000 }, () => {
  test('findPackageJSON() finds those of the guest', () => {
    const files = {
      'main.js': `
        const { findPackageJSON } = require('module')
        console.log(findPackageJSON('..', __filename), findPackageJSON('dep', __filename), findPackageJSON('./lib/x.js', __filename))
        try { findPackageJSON('none', __filename) } catch (error) { console.log(error.code, error.message) }
        try { findPackageJSON() } catch (error) { console.log(error.code) }
        try { findPackageJSON(7) } catch (error) { console.log(error.code) }
        try { findPackageJSON('x', 7) } catch (error) { console.log(error.code) }`,
      'package.json': '{}',
      'lib/package.json': '{}',
      'lib/x.js': '',
      'node_modules/dep/package.json': '{}',
    }
    const { native, memory } = runBoth({ files, entry: 'main.js' })
    expect(memory.stdout).toBe(native.stdout)
    expect(memory.stdout).toContain('§/node_modules/dep/package.json §/lib/package.json')
  })

  test('hooks of the guest run before libvisor’s, the last registered first', () => {
    const files = {
      'main.js': `
        const { registerHooks } = require('module')
        const add = (name) => registerHooks({
          resolve: (s, c, n) => { console.log(name, 'resolve', s); return n(s, c) },
          load: (u, c, n) => { const r = n(u, c); console.log(name, 'load', u.slice(-8), typeof r.source, r.format); return r },
        })
        const first = add('first'), second = add('second')
        console.log(require('./virtual'))
        first.deregister()
        registerHooks({ load: (u, c, n) => u.endsWith('virtual2') ? { format: 'json', source: '[1]', shortCircuit: true } : n(u, c), resolve: (s, c, n) => s === 'virtual2' ? { url: 'file:///virtual2', shortCircuit: true } : n(s, c) })
        console.log(require('virtual2'))
        import('./later.mjs').then((module) => console.log(module.default))`,
      'virtual.js': "module.exports = 'virtual'",
      'later.mjs': "export default 'later'",
    }
    const { native, memory } = runBoth({ files, entry: 'main.js' })
    expect(memory).toEqual(native)
    expect(memory.stdout).toContain('later\n')
  })

  test('register() is refused while the guest’s files differ', () => {
    const output = run({
      'main.js': "try { require('module').register('./x.mjs') } catch (error) { console.log(error.code) }",
    })
    expect(output).toBe('VISOR_UNSUPPORTED\n')
  })

  test('enableCompileCache() says that it is disabled', () => {
    const code =
      "const m = require('module'); console.log(m.enableCompileCache('/tmp/x').status === m.constants.compileCacheStatus.DISABLED, m.getCompileCacheDir())"
    expect(run({ 'main.js': code })).toBe('true undefined\n')
  })

  test('its functions keep their names and lengths', () => {
    const code =
      "const m = require('module'); for (const k of Object.keys(m)) if (typeof m[k] === 'function') console.log(k, m[k].name, m[k].length)"
    const { native, memory } = runBoth({ files: { 'main.js': code }, entry: 'main.js' })
    expect(memory).toEqual(native)
  })

  test('functions that a guest replaces are called, as Node calls them', () => {
    const files = {
      'main.js': `
        const Module = require('module')
        const { _resolveFilename, _findPath, _load } = Module
        Module._resolveFilename = function (request, ...rest) { return _resolveFilename.call(this, request.replace('@alias/', './lib/'), ...rest) }
        Module._findPath = function (...args) { const found = _findPath.apply(this, args); console.log('found', found); return found }
        Module._load = function (request, ...rest) { console.log('load', request); return _load.call(this, request, ...rest) }
        console.log(require('@alias/x'), require.resolve('@alias/x'))
        const js = require.extensions['.js']
        require.extensions['.js'] = (module, file) => { const compile = module._compile; module._compile = function (code, f) { return compile.call(this, code.replace('y', 'why'), f) }; return js(module, file) }
        console.log(require('@alias/y'))`,
      'lib/x.js': "module.exports = 'x'",
      'lib/y.js': "module.exports = 'y'",
    }
    const { native, memory } = runBoth({ files, entry: 'main.js' })
    expect(memory).toEqual(native)
    expect(memory.stdout).toContain('why')
  })
})

describe('the way round the loader', { timeout: 30_000 }, () => {
  test('an import() whose referrer is libvisor’s own code is refused', () => {
    const files = {
      'main.js':
        "require('./own/shim')(eval, \"import('node:os').then(() => console.log('escaped'), (error) => console.log(error.code))\")",
      'own/shim.js': 'module.exports = (call, code) => call(code)',
    }
    expect(run(files)).toBe('escaped\n')
    expect(run(files, { own: '/own/' })).toBe('VISOR_DENIED\n')
  })

  test('errors of the loader show no frames of libvisor, and whose call it was', () => {
    const code = `
      const show = (error) => console.log(error.stack)
      try { require('./none') } catch (error) { show(error) }
      try { require.resolve('#none') } catch (error) { show(error) }
      try { require('node:none') } catch (error) { show(error) }
      try { require('module').findPackageJSON('none', __filename) } catch (error) { show(error) }
      import('./none.mjs').catch(show).then(() => import('none')).catch(show).then(() => import('./data.json')).catch(show)`
    const files = { 'main.js': code, 'data.json': '1', 'package.json': '{"imports":{}}' }
    const guestFrames = (text: string): string[] => text.match(/at .*§.*(?=:\d+\)?$)/gm) ?? []
    const { native, memory } = runBoth({ entry: 'main.js', files })
    const passed = run({ ...files, 'main.js': `setDiffers(false);${code}` })
    for (const output of [memory.stdout, passed]) {
      expect(output).not.toMatch(/packages\/loader\/|customization_hooks/)
      expect(guestFrames(output)).toEqual(expect.arrayContaining(guestFrames(native.stdout)))
    }
    expect(guestFrames(native.stdout).length).toBeGreaterThan(3)
  })
})

describe('a realm', { timeout: 30_000 }, () => {
  test('uses Node’s own loader until a guest’s files differ from the host’s', () => {
    const files = {
      'main.js': `
        try { require(__dirname + '/lib') } catch (error) { console.log(error.code) }
        setDiffers(true)
        console.log(require('./lib'))
        guestFiles.set(__dirname + '/new.js', 'module.exports = "new"')
        console.log(require('./new'))
        import(__dirname + '/new.mjs').catch((error) => { console.log(error.code); guestFiles.set(__dirname + '/new.mjs', 'export default 1'); return import('./new.mjs') }).then((m) => console.log(m.default))`,
      'lib/index.js': "module.exports = 'lib'",
    }
    const entry = "setDiffers(false); require('vm').runInThisContext(require('fs').readFileSync('/dev/null', 'utf8')); "
    expect(run({ 'main.js': entry + files['main.js'], 'lib/index.js': files['lib/index.js'] })).toBe(
      'MODULE_NOT_FOUND\nlib\nnew\nERR_MODULE_NOT_FOUND\n1\n',
    )
  })

  test('searches the folders of NODE_PATH, and what _initPaths() makes of a changed one', () => {
    const files = {
      'app/main.js': `
        console.log(require('global-one'), require('module').globalPaths.length > 0)
        process.env.NODE_PATH = __dirname + '/../two'
        require('module')._initPaths()
        console.log(require('global-two'), require.resolve.paths('x').includes(__dirname + '/../two'))`,
      'one/global-one.js': "module.exports = 'one'",
      'two/global-two/index.js': "module.exports = 'two'",
    }
    const code = "process.env.NODE_PATH = __dirname + '/../one'; require('module')._initPaths();" + files['app/main.js']
    const { native, memory } = runBoth({ files: { ...files, 'app/main.js': code }, entry: 'app/main.js' })
    expect(memory).toEqual(native)
    expect(memory.stdout).toBe('one true\ntwo true\n')
  })

  test('is that of a Worker, which runs its program from memory', async () => {
    const tree = {
      '/app/main.js':
        "const { isMainThread } = require('worker_threads'); console.log(isMainThread, require.main === module, process.argv.slice(1)); import('./esm.mjs')",
      '/app/esm.mjs':
        "console.log(import.meta.filename, await import('node:worker_threads').then((m) => m.threadId > 0))",
    }
    const worker = new Worker(join(import.meta.dirname, 'memory-realm.ts'), {
      argv: [JSON.stringify({ entries: tree }), '/app/main.js', 'x'],
      execArgv: [],
      stdout: true,
    })
    const [output] = await Promise.all([text(worker.stdout), once(worker, 'exit')])
    expect(output).toBe("false true [ '/app/main.js', 'x' ]\n/app/esm.mjs true\n")
  })

  test('that guests share gives each its own files, and the host its own', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'shared-realm.ts')], {
      encoding: 'utf8',
    })
    expect(JSON.parse(stdout || stderr)).toEqual({
      hostBefore: ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'],
      guests: [
        ['a by require', 'a by import'],
        ['b by require', 'b by import'],
      ],
      packageOfGuest: '/guest-a/package.json',
      otherGuest: ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'],
      nodeItself: 'function',
      afterDisposal: ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'],
      isRestored: true,
    })
  })
})
