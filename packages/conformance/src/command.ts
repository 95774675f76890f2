import { UsageError } from './usage-error.ts'
import type { TestFile } from './suite.ts'

/** A command under which tests run. */
export interface Command {
  /** The arguments that run a file with this folder for its temporary files, the executable first. */
  line(test: Pick<TestFile, 'flags' | 'path'>, temporary: string): [string, ...string[]]
}

/**
 * Reads a command as a shell would split it. The flags of a test and its path are put where `{flags}` and `{file}`
 * stand, or at the end. `{temporary}`, in any place of a word, is the folder for temporary files.
 *
 * @param text - such as `node --import libvisor/register` or `node {flags} visor.js run {file}`
 * @throws {UsageError} when it is empty, or a quote is not closed
 */
export function parseCommand(text: string): Command {
  const words = splitWords(text)
  const [executable] = words
  if (executable === undefined) throw new UsageError('The command is empty')
  if (!words.includes('{flags}')) words.push('{flags}')
  if (!words.includes('{file}')) words.push('{file}')
  return {
    line({ flags, path }, temporary) {
      const [, ...rest] = words
      const fill = (word: string): readonly string[] => {
        if (word === '{flags}') return flags
        return word === '{file}' ? [path] : [word.replaceAll('{temporary}', temporary)]
      }
      return [executable, ...rest.flatMap(fill)]
    },
  }
}

function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  if (text.replaceAll(/"[^"]*"|'[^']*'/g, '').match(/["']/) !== null) {
    throw new UsageError(`A quote is not closed in the command '${text}'`)
  }
  return words.map((word) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  )
}
