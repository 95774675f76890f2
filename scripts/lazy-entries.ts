import path from 'node:path'
import type { Plugin } from 'rolldown'
import { root } from './workspace.ts'

/** `new URL('./worker.ts', import.meta.url)`, and `require('./heavy.ts')` of a `require` made by `createRequire`. */
const references = [
  /\bnew URL\(\s*(['"])(\.{1,2}\/[^'"]+\.ts)\1\s*,\s*import\.meta\.url\s*\)/g,
  /\brequire\(\s*(['"])(\.{1,2}\/[^'"]+\.ts)\1\s*\)/g,
] as const

/**
 * Makes a file of its own in `dist` of each source file that is referred to as a file (the code of a worker) or loaded
 * with `require` when it is first used, and lets the reference name that file.
 */
export function lazyEntries(): Plugin {
  return {
    name: 'lazy-entries',
    transform: {
      filter: { id: /\.ts$/ },
      handler(code, id) {
        let changed = code
        for (const reference of references) {
          changed = changed.replace(reference, (whole: string, _quote: string, specifier: string) => {
            const source = path.resolve(path.dirname(id), specifier)
            const fileName = lazyFileName(source)
            this.emitFile({ type: 'chunk', id: source, fileName })
            return whole.replace(specifier, `./${fileName}`)
          })
        }
        return changed === code ? undefined : { code: changed, map: null }
      },
    },
    resolveId: {
      filter: { id: /^\.\/lazy-.*\.js$/ },
      handler: (id) => ({ id, external: 'relative' }),
    },
  }
}

/** The package and the name of the file, so that files of the same name in two packages stay apart. */
function lazyFileName(source: string): string {
  const [, folder = '', ...rest] = path.relative(root, source).split(path.sep)
  return `lazy-${folder}-${rest.slice(1).join('-').replace(/\.ts$/, '')}.js`
}
