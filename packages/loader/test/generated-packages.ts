/** Trees of packages and what is asked for in them: random ones, for the corners that nobody knows. */
import * as fc from 'fast-check'
import type { Entry } from './memory-files.ts'
import { ask } from './resolution-corners.table.ts'
import type { Layout } from './resolution-corners.table.ts'

const target: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  target: fc.oneof(
    { maxDepth: 2, withCrossShrink: false },
    fc.constantFrom(
      './a.js',
      './b.mjs',
      './lib/*.js',
      './lib/*',
      './none.js',
      './lib',
      './c',
      'q',
      'q/a.js',
      '../a.js',
      './*',
      './lib//x.js',
      './a.js?v',
      null,
      './node_modules/q/a.js',
      '',
    ),
    fc.array(tie('target'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom('import', 'require', 'node', 'default', 'browser', 'module-sync', 'node-addons'),
      tie('target'),
      { maxKeys: 3 },
    ),
  ),
})).target

const packageFields = fc.record(
  {
    name: fc.constantFrom('p', 'q', '@s/r', 'outer'),
    type: fc.constantFrom('module', 'commonjs', 'other'),
    main: fc.constantFrom('a.js', './a', 'lib', './lib/', 'c', 'none', '.', 'b.mjs'),
    exports: fc.oneof(
      target,
      fc.dictionary(
        fc.constantFrom('.', './a', './a.js', './*', './lib/*', './l*', './lib/*.js', './x/', './b*b'),
        target,
        { maxKeys: 4 },
      ),
    ),
    imports: fc.dictionary(fc.constantFrom('#a', '#lib/*', '#*', '#q', '#l*.js', '#/s'), target, { maxKeys: 3 }),
  },
  { requiredKeys: [] },
)

const fileNames = [
  'a.js',
  'a.json',
  'a/index.js',
  'b.mjs',
  'c.cjs',
  'c/index.json',
  'c/package.json',
  'index.js',
  'index.mjs',
  'index.json',
  'lib/x.js',
  'lib/index.js',
  'lib/y.mjs',
  'lib/x/x.js',
  'none.ts',
]

const folder = fc.record({
  fields: fc.option(packageFields),
  names: fc.subarray(fileNames, { minLength: 1 }),
})

const specifier = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('p', 'q', '@s/r', 'outer', '.', '..', './node_modules/p'),
      fc.constantFrom(
        '',
        '/',
        '/a',
        '/a.js',
        '/b.mjs',
        '/c',
        '/lib',
        '/lib/x',
        '/lib/x.js',
        '/lib/',
        '/index',
        '/x/',
        '/bab',
        '/lib/x?v',
        '/lib//x.js',
      ),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom('#a', '#lib/x', '#q', '#lx.js', '#/s', '#other', '#lib/../a'),
)

/** Trees with random packages at fixed places. */
export const generated: fc.Arbitrary<Layout> = fc
  .record({
    places: fc.record(
      {
        '': folder,
        'node_modules/p/': folder,
        'node_modules/q/': folder,
        'node_modules/@s/r/': folder,
        'sub/': folder,
        'sub/node_modules/p/': folder,
      },
      { requiredKeys: [''] },
    ),
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
