/** Programs that show how modules are loaded. Each prints what it sees. */
import type { Program } from './run-program.ts'

const lines = (...code: string[]): string => `${code.join('\n')}\n`

/** CommonJS: what a module knows about itself and others. */
export const commonJs: Program = {
  entry: 'main.js',
  args: ['one', 'two'],
  files: {
    'main.js': lines(
      'console.log(require.main === module, module.id, module.filename, module.loaded, module.parent, module.paths.slice(0, 2))',
      'console.log(__filename, __dirname, process.argv.slice(1))',
      "console.log(require('./lib'), require('./data'), require('./data.json'), require('dep'), require('dep/sub'))",
      "console.log(Object.keys(require.cache), require.resolve('dep'), require.resolve.paths('dep').slice(0, 2))",
      "console.log(module.children.map((child) => child.id), require.cache[require.resolve('./lib')].parent === module)",
      "delete require.cache[require.resolve('./lib')]; console.log(require('./lib').count)",
      "console.log(require('./cycle-a'))",
      "try { require('./missing') } catch (error) { console.log(error.message, error.code, error.requireStack) }",
      "try { require('./nested') } catch (error) { console.log(error.message, error.code, error.requireStack) }",
      "try { require('dep/private') } catch (error) { console.log(error.message, error.code) }",
      "try { require('./bad.json') } catch (error) { console.log(error.name, error.message) }",
      "try { require('') } catch (error) { console.log(error.name, error.message) }",
      'try { require(7) } catch (error) { console.log(error.name, error.message) }',
      "try { require.resolve('./lib', { paths: 7 }) } catch (error) { console.log(error.name, error.message) }",
      "console.log(require.resolve('./sub', { paths: [__dirname + '/lib'] }), require.resolve('dep', { paths: [__dirname + '/lib'] }))",
      "require.extensions['.up'] = (module, file) => module._compile('module.exports = ' + JSON.stringify(file.slice(-6)), file)",
      "console.log(require('./text.up'), require('./text'))",
      "try { require('./throws') } catch (error) { console.log(error.stack.split('\\n').slice(0, 3).join('|')) }",
      "console.log(require('./throws') === undefined)",
    ),
    'lib/index.js':
      'global.count = (global.count ?? 0) + 1; module.exports = { name: __filename, count: global.count, main: require.main.filename }\n',
    'lib/sub.js': 'module.exports = 1\n',
    'data.json': '\uFEFF{"json": true}',
    'bad.json': '{"json": ',
    'text.up': 'text',
    'cycle-a.js': "exports.early = 1; exports.b = require('./cycle-b'); exports.late = 1\n",
    'cycle-b.js': "exports.seen = Object.keys(require('./cycle-a'))\n",
    'nested.js': "require('./nested-2')\n",
    'nested-2.js': "require('./nowhere')\n",
    'throws.js': "if (!global.threw) { global.threw = true; throw new Error('boom') }\nmodule.exports = undefined\n",
    'node_modules/dep/package.json': JSON.stringify({
      name: 'dep',
      exports: { '.': './main.js', './sub': { import: './sub.mjs', require: './sub.cjs' } },
    }),
    'node_modules/dep/main.js': "module.exports = 'dep ' + require('dep/sub')\n",
    'node_modules/dep/sub.cjs': "module.exports = 'sub'\n",
    'node_modules/dep/private.js': '',
  },
}

/** ESM: what a module knows about itself, and all that it can import. */
export const esm: Program = {
  entry: 'main.mjs',
  files: {
    'main.mjs': lines(
      "import fs, { readFileSync } from 'node:fs'",
      "import path from 'path'",
      "import cjs, { named, reexported } from './named.cjs'",
      "import * as namespace from './named.cjs'",
      "import data from './data.json' with { type: 'json' }",
      "import { value, self } from './other.mjs?query#hash'",
      "import { value as again } from './other.mjs'",
      "import { createRequire } from 'node:module'",
      "import typed from './typed.js'",
      "import ambiguous from './plain/ambiguous.js'",
      "import plain from './plain/plain.js'",
      'console.log(typeof fs.readFileSync, readFileSync === fs.readFileSync, typeof path.join)',
      'console.log(cjs, named, reexported, Object.keys(namespace).sort(), data, value, again, self === value, typed, ambiguous, plain)',
      "const { resolve, ...meta } = import.meta; console.log(meta, resolve('./none.mjs'), resolve('node:fs'), resolve('dep'))",
      'const require = createRequire(import.meta.url)',
      "console.log(require('./named.cjs') === cjs, require.resolve('dep'), require('./other.mjs').value, Object.keys(require.cache).length)",
      "console.log(await import('dep'), (await import('./late.mjs')).default)",
      "for (const specifier of ['./none.mjs', './other', 'none', './plain', 'dep/none', '#none', './data.json', './x.unknown', 'node:none', './bad.mjs', 'http://x.test/'])",
      "  try { await import(specifier) } catch (error) { console.log(specifier, error.name, error.code, error.message.split('\\n')[0]) }",
      "try { await import('./data.json', { with: { type: 'css' } }) } catch (error) { console.log(error.code, error.message) }",
      "try { await import('./other.mjs', { with: { type: 'json' } }) } catch (error) { console.log(error.code, error.message) }",
      "console.log(await import('data:text/javascript,export default 7'), process.mainModule)",
    ),
    'package.json': JSON.stringify({ name: 'app', type: 'module' }),
    'named.cjs':
      "exports.named = 'named'; Object.assign(exports, { hidden: 1 }); exports.main = require.main; exports.parent = module.parent; exports.cached = require.cache[__filename] === module\nmodule.exports = { ...require('./re.cjs'), ...exports }\n",
    're.cjs': "exports.reexported = 'reexported'\n",
    'typed.js': "export default 'typed'\n",
    'other.mjs': 'export const value = new URL(import.meta.url).search; export { value as self }\n',
    'late.mjs': "await null; export default 'late ' + import.meta.filename.slice(-8)\n",
    'bad.mjs': 'export default (\n',
    'data.json': '{"json": true}',
    'x.unknown': '',
    'plain/package.json': '{}',
    'plain/ambiguous.js': "export default 'ambiguous ' + (await 1)\n",
    'plain/plain.js': "module.exports = 'plain ' + typeof require\n",
    'node_modules/dep/package.json': JSON.stringify({
      name: 'dep',
      exports: { import: './i.mjs', require: './r.cjs' },
    }),
    'node_modules/dep/i.mjs': "export default 'dep by import'\n",
    'node_modules/dep/r.cjs': "module.exports = 'dep by require'\n",
  },
}

/** The two kinds of modules across each other. */
export const mixed: Program = {
  entry: 'main.cjs',
  files: {
    'main.cjs': lines(
      'console.log(require.main === module, process.mainModule === module)',
      "console.log(require('./esm.mjs'), require('./esm.mjs').default, require('./ambiguous'), require('./custom.mjs'))",
      "try { require('./tla.mjs') } catch (error) { console.log(error.code) }",
      "import('./imported.cjs').then(async (namespace) => {",
      "  console.log(namespace, require('./imported.cjs') === namespace.default)",
      "  console.log((await import('./uses-cjs.mjs')).default, await import('./esm.mjs') === await import('./esm.mjs'))",
      "  console.log((await import('./cycle.mjs')).default)",
      '  console.log(Object.keys(require.cache).sort())',
      "  const vm = require('vm')",
      '  console.log(await vm.runInThisContext("import(\'./esm.mjs\')", { filename: __filename, importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }).then((m) => m.default))',
      '  console.log(await new Function("return import(\'./esm.mjs\')")().then((m) => m.default, (e) => e.code), await eval("import(\'./esm.mjs\')").then((m) => m.default))',
      '})',
    ),
    'esm.mjs': "import { createRequire } from 'module'; export default 'esm'; export const url = import.meta.url\n",
    'tla.mjs': 'await null\n',
    'ambiguous.js': "export const ambiguous = import.meta.dirname; export { ambiguous as 'module.exports' }\n",
    'custom.mjs': "export { x as 'module.exports' }; const x = { custom: true }\n",
    'imported.cjs':
      "exports.a = 1; exports.children = require('./child.cjs').filename; exports.main = require.main.filename; exports.extensions = Object.keys(require.extensions)\n",
    'child.cjs': 'exports.filename = __filename\n',
    'uses-cjs.mjs':
      "import { a } from './imported.cjs'; import json from './data.json' with { type: 'json' }; export default [a, json]\n",
    'data.json': '[1]',
    'cycle.mjs': "import cjs from './cycle.cjs'; export default cjs; export const early = 1\n",
    'cycle.cjs': "exports.later = () => require('./cycle.mjs'); exports.ok = true\n",
  },
}

/** TypeScript, in every kind of file. */
export const typeScript: Program = {
  entry: 'main.ts',
  files: {
    'main.ts':
      lines(
        "import type { Shape } from './shape.ts'",
        "import { area } from './shape.ts'",
        "import common from './common.cts'",
        "import module from './module.mts'",
        "import plain = require('./x')",
      ).replace(/import plain.*\n/, '') +
      lines(
        "import ambiguous from './ambiguous.ts'",
        'const shape: Shape = { width: 2, height: 3 }',
        'console.log(area(shape), common, module, ambiguous, import.meta.filename)',
        "for (const file of ['./enum.ts', './syntax.ts', 'dep', './missing.ts'])",
        "  await import(file).catch((error: Error & { code: string }) => console.log(error.name, error.code, error.message.split('\\n')[0]))",
      ),
    'shape.ts':
      'export interface Shape { width: number; height: number }\nexport const area = (s: Shape): number => s.width * s.height\n',
    'common.cts': "const name: string = __filename\nmodule.exports = { name, nested: require('./nested.ts') }\n",
    'nested.ts': 'const n: number = 7\nmodule.exports = n\n',
    'ambiguous.ts': 'const n: number = 8\nmodule.exports = n\n',
    'module.mts': "export default 'mts' as string\n",
    'enum.ts': 'export enum A { B }\n',
    'syntax.ts': 'export const x: = 1\n',
    'node_modules/dep/package.json': '{"exports": "./index.ts"}',
    'node_modules/dep/index.ts': 'export const x: number = 1\n',
  },
}

const small = (entry: string, files: Readonly<Record<string, string>>): Program => ({ entry, files })

/** Entries of every kind, and how they fail. */
export const entries: Readonly<Record<string, Program>> = {
  'a CommonJS entry without extension in its name': small('main', {
    'main.js': 'console.log(require.main === module, process.argv.length, __filename)\n',
  }),
  'an entry that is a directory': small('dir', {
    'dir/package.json': '{"main":"lib/start"}',
    'dir/lib/start.js': 'console.log(__filename, process.argv[1])\n',
  }),
  'an entry by type': small('main.js', {
    'package.json': '{"type":"module"}',
    'main.js': 'console.log(import.meta.main, process.argv[1], this)\n',
  }),
  'an ambiguous entry with module syntax': small('main.js', {
    'main.js': "import 'fs'\nconsole.log(await 1, import.meta.url, typeof require)\n",
  }),
  'an entry with a hashbang': small('cli', {
    cli: "#!/usr/bin/env node\nconsole.log('cli', require.main === module)\n",
  }),
  'an ESM entry with a hashbang': small('cli.mjs', {
    'cli.mjs': "#!/usr/bin/env node\nconsole.log('cli', import.meta.main)\n",
  }),
  'an exit code set by the entry': small('main.mjs', {
    'main.mjs': "process.exitCode = 3; await new Promise((resolve) => setImmediate(resolve)); console.log('done')\n",
  }),
  'top-level await that never settles': small('main.mjs', { 'main.mjs': 'await new Promise(() => {})\n' }),
  'strict mode by type commonjs': small('main.js', {
    'package.json': '{"type":"commonjs"}',
    'main.js': 'console.log(this === module.exports, typeof arguments)\n',
  }),
}

/** Programs that end with an uncaught error: the error is printed as Node prints it. */
export const failures: Readonly<Record<string, Program>> = {
  'an error thrown by CommonJS': small('main.js', {
    'main.js': "require('./thrower')\n",
    'thrower.js': "\nthrow new TypeError('from a dependency')\n",
  }),
  'an error thrown by ESM': small('main.mjs', {
    'main.mjs': "import './thrower.mjs'\n",
    'thrower.mjs': "\nthrow new TypeError('from a dependency')\n",
  }),
  'a syntax error in CommonJS': small('main.js', { 'main.js': "require('./broken')\n", 'broken.js': '\nconst = 1\n' }),
  'a syntax error in ESM': small('main.mjs', { 'main.mjs': "import './broken.mjs'\n", 'broken.mjs': '\nconst = 1\n' }),
  'a missing export': small('main.mjs', {
    'main.mjs': "import { nothing } from './other.mjs'\n",
    'other.mjs': 'export const something = 1\n',
  }),
}
