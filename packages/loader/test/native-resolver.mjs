// Resolves a list of queries with the loader of the Node that runs this, and prints what came out.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const resolutionErrors =
  /^(?:ERR_MODULE_NOT_FOUND|ERR_UNSUPPORTED_DIR_IMPORT|ERR_UNSUPPORTED_RESOLVE_REQUEST|ERR_PACKAGE.*|ERR_INVALID_(?:PACKAGE|MODULE|FILE_URL).*|MODULE_NOT_FOUND)$/

const describe = (error) => ({
  name: error.name,
  message: error.message,
  properties: { ...error },
  text: String(error),
  head: error.stack.split('\n    at ')[0],
})

async function ask({ kind, from, specifier }) {
  try {
    if (kind === 'require') return { value: createRequire(from).resolve(specifier) }
    const parent = await import(pathToFileURL(from).href)
    try {
      await parent.load(specifier)
    } catch (error) {
      if (
        resolutionErrors.test(error?.code ?? '') &&
        (error.url === undefined || parent.safeResolve(specifier) === error.url)
      )
        return { error: describe(error) }
    }
    return { value: parent.resolve(specifier) }
  } catch (error) {
    return { error: describe(error) }
  }
}

process.removeAllListeners('warning')
const answers = []
for (const query of JSON.parse(readFileSync(process.argv[2], 'utf8'))) answers.push(await ask(query))
process.stdout.write(JSON.stringify(answers))
