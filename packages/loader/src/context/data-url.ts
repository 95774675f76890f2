/** What a `data:` URL holds. */
export interface DataSource {
  readonly type: string
  /** The format of a module of that type; `undefined` when Node loads none. */
  readonly format: string | undefined
  readonly source: () => string
}

const formats: Readonly<Record<string, string>> = {
  'text/javascript': 'module',
  'application/json': 'json',
  'application/wasm': 'wasm',
}

/**
 * Takes a `data:` URL apart.
 *
 * @param url - the URL
 * @returns what it holds, or `undefined` when it is not valid
 * @source Node 24 `lib/internal/modules/esm/load.js`, getSourceSync; `get_format.js`
 */
export function parseDataUrl(url: string): DataSource | undefined {
  const match = /^data:([^/]+\/[^,;]+)[^,]*?(;base64)?,([\s\S]*)$/.exec(url)
  if (match === null) return undefined
  const [, type = '', base64, body = ''] = match
  const source = (): string => Buffer.from(decodeURIComponent(body), base64 ? 'base64' : 'utf8').toString()
  return { type, format: formats[type], source }
}
