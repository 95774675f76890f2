import { readFileSync, writeFileSync } from 'node:fs'
import { UsageError } from './usage-error.ts'

/**
 * Puts text into a section of a document: between `<!-- begin NAME -->` and `<!-- end NAME -->`.
 *
 * @param file - path of the document
 * @param name - the section
 * @param text - what takes the place of what was there
 * @throws {UsageError} when the document has no such section
 */
export function replaceSection(file: string, name: string, text: string): void {
  const document = readFileSync(file, 'utf8')
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from < 0 || to < from) throw new UsageError(`'${file}' has no section between ${begin} and ${end}`)
  writeFileSync(file, `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`)
}
