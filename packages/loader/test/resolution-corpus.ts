/** Trees of packages and what is asked for in them: written by hand for known corners, generated for unknown ones. */
import fc from 'fast-check'
import type { Entry } from './memory-files.ts'

/** Something to resolve, from a file in a tree. */
export interface Query {
  readonly kind: 'import' | 'require'
  readonly from: string
  readonly specifier: string
}

/** A tree, by paths relative to where it is put, and what is asked for in it. */
export interface Layout {
  readonly files: Readonly<Record<string, Entry>>
  readonly queries: readonly Query[]
}

/** A module that resolves and imports for a query, from the place where it is. */
export const probeModule = `export const load = (s) => import(s)
export const resolve = (s) => import.meta.resolve(s)
export const safeResolve = (s) => { try { return resolve(s) } catch { return undefined } }
`

const ask = (from: string, specifiers: readonly string[]): Query[] =>
  specifiers.flatMap((specifier) => [
    { kind: 'require' as const, from, specifier },
    { kind: 'import' as const, from, specifier },
  ])

const manifest = (fields: object): string => JSON.stringify(fields)

/** Corners that are easy to get wrong. */
export const handWritten: readonly Layout[] = [
  {
    files: {
      'a.js': '', 'a.json': '{}', 'b.json': '{}', 'c.node': '', 'd/index.js': '', 'e/index.json': '{}', 'f.js/index.js': '',
      'g': '', 'g.js': '', 'h.mjs': '', 'dir.with.dots/index.js': '', 'sp ace.js': '', 'per%cent.js': '', 'q?uery.js': '',
      'ha#sh.js': '', 'é.js': '', 'node_modules/p/index.js': '', 'i/package.json': manifest({ main: './lib' }), 'i/lib/index.js': '',
      'j/package.json': manifest({ main: 'missing' }), 'j/index.js': '', 'k/package.json': manifest({ main: 'missing' }),
      'l/package.json': '{ broken', 'l/index.js': '', 'm/package.json': manifest({ main: '' }), 'm/index.js': '',
      'n/package.json': manifest({ main: 7 }), 'n/index.js': '', 'o/package.json': manifest({ main: 'x.js/' }), 'o/x.js': '',
      'back\\slash.js': '', 's/index': '', 't/package.json/index.js': '', 't/index.js': '', 'u/package.json': manifest({ main: '../a.js' }),
    },
    queries: [
      ...ask('from.mjs', [
        './a', './a.js', './a.json', './b', './b.json', './c', './c.node', './d', './d/', './d/index', './e', './f', './f.js',
        './f.js/', './g', './g/', './h', './h.mjs', './dir.with.dots', './sp ace.js', './sp%20ace.js', './per%cent.js',
        './per%25cent.js', './q?uery.js', './q%3Fuery.js', './ha#sh.js', './ha%23sh.js', './é.js', './%C3%A9.js', './missing',
        './missing.js', './missing/', '.', './', '..', '../', './i', './i/', './j', './k', './k/', './l', './m', './n', './o', './s',
        './t', './u', './a.js?query', './a.js#hash', './a.js?q#h', './d?x', './a%2Fb.js', './a%5cb.js', './%2e/a.js', './%2E%2e/a.js',
        './back\\slash.js', '.\\a.js', './d/../a.js', './missing/../a.js', './/a.js', '', ' ', './a.js/', './a.js/.', './d/.', './d/..',
        '...', '.a', '..a', './node_modules/p', 'p', 'p/', 'p/index.js', 'p/index', 'p/missing', 'p?x', 'p#x', 'missing-package',
        'missing-package/x.js', '@scope', '@scope/missing', '@', '%41', 'a%2Fb', 'a\\b', 'fs', 'node:fs', 'node:missing', 'fs/promises',
        'fs/missing', 'node:test', 'test', 'sqlite', 'node:sqlite', 'data:text/javascript,1', 'file:///missing/nowhere.js', 'http://x.test/y.js',
        'blob:x', 'x:y', '#none', '#', '#/', '/missing-absolute.js', '//missing/a.js', 'C:/x', 'package.json', './package.json',
      ]),
    ],
  },
  {
    files: {
      'package.json': manifest({
        name: 'self', exports: { '.': './main.js', './sub': { import: './i.mjs', require: './r.js' }, './missing': './nowhere.js', './n': null },
        imports: {
          '#a': './main.js', '#b': 'dep', '#c': { node: './i.mjs', default: './r.js' }, '#d/*': './lib/*.js', '#e': null, '#f': 'fs',
          '#g': './nowhere.js', '#h': '../up.js', '#i': ['nope-package', './main.js'], '#j': [null, './main.js'], '#k': 'missing-dep',
          '#l': 'node:fs', '#m': '/abs.js', '#n': 'http://x.test/', '#/o': './main.js', '#p*': './lib/*.js', '#q': 7, '#r': {}, '#s': [],
          '#t': 'dep/sub', '#u/*': 'dep/*', '#v': './lib/', '#w': { custom: './main.js' }, '#x': ['../bad', './main.js'],
        },
      }),
      'main.js': '', 'i.mjs': '', 'r.js': '', 'lib/x.js': '', 'lib/y/z.js': '', 'node_modules/dep/index.js': '', 'node_modules/dep/sub.js': '',
      'deep/er/from.mjs': '', 'deep/node_modules/self/index.js': '',
    },
    queries: [
      ...ask('from.mjs', [
        'self', 'self/sub', 'self/missing', 'self/n', 'self/none', 'self/', 'selfish', '#a', '#b', '#c', '#d/x', '#d/y/z', '#d/', '#d/none',
        '#e', '#f', '#g', '#h', '#i', '#j', '#k', '#l', '#m', '#n', '#/o', '#px', '#p', '#q', '#r', '#s', '#t', '#u/sub.js', '#u/none', '#v',
        '#w', '#x', '#none', '#', '#/', '#a/', '#d/../x', '#d/%2e%2e/x', '#d/node_modules/x', '#d//x', '#d/x/',
      ]),
      ...ask('deep/er/from.mjs', ['self', '#a', 'self/sub']),
      ...ask('node_modules/dep/from.mjs', ['self', '#a', 'dep', 'dep/sub']),
    ],
  },
  {
    files: {
      'node_modules/e/package.json': manifest({
        exports: {
          '.': [{ node: './a.js' }, './b.js'], './string': './a.js', './no-dot': 'a.js', './up': '../x.js', './abs': '/x.js', './url': 'http://x.test/',
          './array': ['nope', './a.js'], './array-missing': ['./nowhere.js', './a.js'], './array-null': [null, './a.js'], './array-only-null': [null],
          './array-bad': ['nope', 'nada'], './array-empty': [], './null': null, './number': 1, './false': false, './nested': { node: { import: './i.mjs', require: './a.js' } },
          './no-condition': { browser: './a.js' }, './order': { default: './a.js', import: './i.mjs' }, './pat/*': './lib/*.js', './pat/private/*': null,
          './ext/*.js': './lib/*.js', './both*x*': './a.js', './twice/*': './lib/*/*.js', './dir/': './lib/', './dirs/*': './lib/*', './nm': './node_modules/x.js',
          './dotdot': './lib/../a.js', './dot': './lib/./x.js', './enc': './lib/%2e%2e/a.js', './slash': './lib//x.js', './mod': { 'module-sync': './i.mjs', default: './a.js' },
          './empty': '', './dotonly': '.', './dotslash': './', './query': './a.js?x', './hash': './a.js#x', './enc2': './lib%2Fx.js', './sp': './sp ace.js',
          './numeric': { 0: './a.js' }, './*': './any/*.js', './*.mjs': './any/*.mjs', './star/*/end': './lib/*.js', './null-cond': { import: null, default: './a.js' },
        },
      }),
      'node_modules/e/a.js': '', 'node_modules/e/b.js': '', 'node_modules/e/i.mjs': '', 'node_modules/e/lib/x.js': '', 'node_modules/e/lib/x/x.js': '',
      'node_modules/e/lib/private/x.js': '', 'node_modules/e/any/z.js': '', 'node_modules/e/any/z.mjs': '', 'node_modules/e/node_modules/x.js': '', 'node_modules/e/sp ace.js': '',
      'node_modules/e/lib/y z.js': '', 'node_modules/e/index.js': '',
    },
    queries: ask('from.mjs', [
      'e', ...[
        'string', 'no-dot', 'up', 'abs', 'url', 'array', 'array-missing', 'array-null', 'array-only-null', 'array-bad', 'array-empty', 'null', 'number', 'false',
        'nested', 'no-condition', 'order', 'pat/x', 'pat/private/x', 'pat/', 'pat/../x', 'pat//x', 'pat/x/', 'ext/x.js', 'bothxxx', 'twice/x', 'dir/x.js', 'dir/',
        'dirs/x.js', 'nm', 'dotdot', 'dot', 'enc', 'slash', 'mod', 'empty', 'dotonly', 'dotslash', 'query', 'hash', 'enc2', 'sp', 'numeric', 'z', 'z.mjs', 'none',
        'star/x/end', 'star/end', 'pat/y z', 'pat/y%20z', 'pat/x%2fx', 'pat/%2e%2e/a', 'pat/node_modules/x', 'null-cond', 'package.json', '', '.', './a.js', '*', 'pat/*',
      ].map((name) => `e/${name}`),
    ]),
  },
  ...[
    './a.js', { import: './i.mjs' }, { require: './a.js' }, ['./a.js'], null, false, 0, '', {}, [], 'a.js', { '.': './a.js', node: './a.js' }, { node: './a.js', '.': './a.js' },
    { '': './a.js' }, { '.': null }, { './x': './a.js' }, [{}], '[oops', '{oops', { '.': { 1: './a.js' } }, { 1: './a.js' }, true, { default: { default: { default: './a.js' } } },
  ].map((exports): Layout => ({
    files: {
      'node_modules/s/package.json': manifest({ name: 's', main: './m.js', exports }), 'node_modules/s/a.js': '', 'node_modules/s/i.mjs': '', 'node_modules/s/m.js': '',
    },
    queries: [...ask('from.mjs', ['s', 's/x', 's/a.js', 's/', 's/package.json']), ...ask('node_modules/s/from.mjs', ['s', 's/x', '#x'])],
  })),
  ...[
    'm.js', './m.js', 'm', './', '.', '..', '../m2/m.js', 'dir', 'dir/', 'm.js/', 'missing', 'missing.js', '/m.js', '', null, 7, ['m.js'], 'm%2ejs', 'sp ace', 'only.mjs', 'only', 'n.json', 'n', 'package.json',
  ].map((main): Layout => ({
    files: {
      'node_modules/m/package.json': manifest({ main }), 'node_modules/m/m.js': '', 'node_modules/m/index.js': '', 'node_modules/m/dir/index.js': '',
      'node_modules/m2/m.js': '', 'node_modules/m/sp ace.js': '', 'node_modules/m/only.mjs': '', 'node_modules/m/n.json': '{}',
    },
    queries: ask('from.mjs', ['m', 'm/', 'm/m.js', 'm/dir', './node_modules/m']),
  })),
  ...['{', '', '[]', 'null', '"x"', '7', '{"name": "b", "exports": "./a.js",}', '\uFEFF{"exports":"./a.js"}', '{"exports":"./a.js"} trailing', '{"exports":"./b.js","exports":"./a.js"}', '// c\n{}'].map(
    (text): Layout => ({
      files: { 'node_modules/b/package.json': text, 'node_modules/b/a.js': '', 'node_modules/b/index.js': '' },
      queries: [...ask('from.mjs', ['b', 'b/a.js', './node_modules/b']), ...ask('node_modules/b/from.mjs', ['b', './a.js', '#x'])],
    }),
  ),
  {
    files: {
      'real/pkg/package.json': manifest({ name: 'pkg', main: 'm.js', imports: { '#x': './m.js' } }), 'real/pkg/m.js': '', 'real/pkg/other.mjs': '', 'real/pkg/from.mjs': probeModule,
      'real/node_modules/near/index.js': '', 'node_modules/pkg': { link: '../real/pkg' }, 'link.mjs': { link: 'real/pkg/other.mjs' }, 'dead.js': { link: 'nowhere' },
      'loop.js': { link: 'loop.js' }, 'dirlink': { link: 'real' }, 'node_modules/near/index.js': '', 'chain': { link: 'dirlink' }, 'node_modules/deadpkg': { link: '../none' },
      'node_modules/filepkg': '', 'node_modules/filepkg2.js': '',
    },
    queries: [
      ...ask('from.mjs', [
        'pkg', 'pkg/other.mjs', './link.mjs', './dead.js', './dead', './loop.js', './dirlink/pkg/m.js', './chain/pkg', './chain/pkg/', 'deadpkg', 'filepkg', 'filepkg/x', 'filepkg2',
        'filepkg2.js',
      ]),
      ...ask('dirlink/pkg/from.mjs', ['near', 'pkg', '#x', './m.js']),
    ],
  },
  {
    files: {
      'package.json': manifest({ type: 'module', name: 'outer', exports: './o.js', imports: { '#o': './o.js' } }), 'o.js': '', 'node_modules/x/lib/a.js': '',
      'node_modules/x/package.json': manifest({ name: 'x' }), 'node_modules/noname/a.js': '', 'node_modules/@s/t/index.js': '', 'node_modules/@s/t/package.json': manifest({ exports: { './y/*': './z/*.js' } }),
      'node_modules/@s/t/z/q.js': '', 'node_modules/node_modules/odd/index.js': '', 'a/node_modules/b/node_modules/c/index.js': '', 'a/node_modules/d/index.js': '',
    },
    queries: [
      ...ask('node_modules/noname/from.mjs', ['outer', '#o', 'x', '@s/t', '@s/t/y/q', '@s/t/y/none', '@s/t/z/q.js', 'odd']),
      ...ask('node_modules/x/from.mjs', ['outer', '#o', 'x/lib/a', 'x/lib/a.js', 'x/lib']),
      ...ask('a/node_modules/b/from.mjs', ['c', 'd', 'b', 'outer', 'x']),
      ...ask('a/node_modules/from.mjs', ['d', 'b/node_modules/c', 'x', 'outer']),
    ],
  },
]

const target: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  target: fc.oneof(
    { maxDepth: 2, withCrossShrink: false },
    fc.constantFrom('./a.js', './b.mjs', './lib/*.js', './lib/*', './none.js', './lib', './c', 'q', 'q/a.js', '../a.js', './*', './lib//x.js', './a.js?v', null, './node_modules/q/a.js', ''),
    fc.array(tie('target'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('import', 'require', 'node', 'default', 'browser', 'module-sync', 'node-addons'), tie('target'), { maxKeys: 3 }),
  ),
})).target

const packageFields = fc.record(
  {
    name: fc.constantFrom('p', 'q', '@s/r', 'outer'),
    type: fc.constantFrom('module', 'commonjs', 'other'),
    main: fc.constantFrom('a.js', './a', 'lib', './lib/', 'c', 'none', '.', 'b.mjs'),
    exports: fc.oneof(target, fc.dictionary(fc.constantFrom('.', './a', './a.js', './*', './lib/*', './l*', './lib/*.js', './x/', './b*b'), target, { maxKeys: 4 })),
    imports: fc.dictionary(fc.constantFrom('#a', '#lib/*', '#*', '#q', '#l*.js', '#/s'), target, { maxKeys: 3 }),
  },
  { requiredKeys: [] },
)

const fileNames = ['a.js', 'a.json', 'a/index.js', 'b.mjs', 'c.cjs', 'c/index.json', 'c/package.json', 'index.js', 'index.mjs', 'index.json', 'lib/x.js', 'lib/index.js', 'lib/y.mjs', 'lib/x/x.js', 'none.ts']

const folder = fc.record({
  fields: fc.option(packageFields),
  names: fc.subarray(fileNames, { minLength: 1 }),
})

const specifier = fc.oneof(
  fc
    .tuple(fc.constantFrom('p', 'q', '@s/r', 'outer', '.', '..', './node_modules/p'), fc.constantFrom('', '/', '/a', '/a.js', '/b.mjs', '/c', '/lib', '/lib/x', '/lib/x.js', '/lib/', '/index', '/x/', '/bab', '/lib/x?v', '/lib//x.js'))
    .map((parts) => parts.join('')),
  fc.constantFrom('#a', '#lib/x', '#q', '#lx.js', '#/s', '#other', '#lib/../a'),
)

/** Trees with random packages at fixed places. */
export const generated: fc.Arbitrary<Layout> = fc
  .record({
    places: fc.record({ '': folder, 'node_modules/p/': folder, 'node_modules/q/': folder, 'node_modules/@s/r/': folder, 'sub/': folder, 'sub/node_modules/p/': folder }, { requiredKeys: [''] }),
    from: fc.constantFrom('', 'sub/', 'node_modules/p/', 'sub/node_modules/p/lib/'),
    specifiers: fc.uniqueArray(specifier, { minLength: 6, maxLength: 12 }),
  })
  .map(({ places, from, specifiers }) => {
    const files: Record<string, Entry> = {}
    for (const [place, content] of Object.entries(places)) {
      if (content === undefined) continue
      for (const name of content.names) {
        if (name === 'a/index.js' && content.names.includes('a.js') && content.names.includes('a.json')) continue
        files[place + name] = name.endsWith('.json') ? '{}' : ''
      }
      if (content.fields !== null) files[`${place}package.json`] = JSON.stringify(content.fields)
    }
    return { files, queries: ask(`${from}from.mjs`, specifiers) }
  })
