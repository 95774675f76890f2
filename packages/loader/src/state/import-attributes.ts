import type { LoaderErrors } from './loader-errors.ts'

/** The `type` attribute that each format needs: the empty string for none. Other formats are not checked. */
const typeOfFormat: Readonly<Record<string, string>> = {
  builtin: '',
  commonjs: '',
  'commonjs-typescript': '',
  json: 'json',
  module: '',
  'module-typescript': '',
  wasm: '',
}

/**
 * Checks the attributes of an import, which Node does only in the load hook that libvisor's takes the place of.
 *
 * @param url - the module's URL
 * @param format - what it holds
 * @param attributes - what stands after `with`
 * @param errors - the errors to throw
 * @throws ERR_IMPORT_ATTRIBUTE_MISSING, ERR_IMPORT_ATTRIBUTE_UNSUPPORTED, ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE
 * @source Node 24 `lib/internal/modules/esm/assert.js`
 */
export function validateAttributes(
  url: string,
  format: string,
  attributes: Readonly<Record<string, string>>,
  errors: LoaderErrors,
): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== 'type') throw errors.attributeUnsupported(key, value, url)
  }
  const needed = typeOfFormat[format]
  if (needed === undefined) return
  const given = Object.hasOwn(attributes, 'type') ? attributes['type'] : undefined
  if (given === undefined) {
    if (needed !== '') throw errors.attributeMissing(url, 'type', needed)
  } else if (given !== needed || needed === '') {
    if (given !== 'json') throw errors.attributeUnsupported('type', given, url)
    throw errors.attributeIncompatible(url, given)
  }
}
