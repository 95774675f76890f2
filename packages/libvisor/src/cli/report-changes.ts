import { original } from '@libvisor/abi'
import { encodeName } from '@libvisor/fs'
import type { FileChanges } from '@libvisor/fs'

/** The letters of `docker diff`, and their colours. */
const letters = { added: ['A', 'green'], changed: ['C', 'yellow'], deleted: ['D', 'red'] } as const

/**
 * Lists changes, one in a line, in the order of their paths.
 *
 * @param changes - what was changed
 * @param stream - where they are shown: in colour where it is a terminal
 * @returns lines, as bytes: names need not be UTF-8
 */
export function listChanges(changes: FileChanges, stream: NodeJS.WritableStream): Uint8Array {
  const { styleText } = original('util')
  const rows = (Object.keys(letters) as (keyof FileChanges)[]).flatMap((kind) =>
    changes[kind].map((path) => ({ path, kind })),
  )
  rows.sort((a, b) => (a.path < b.path ? -1 : 1))
  return Buffer.concat(
    rows.flatMap(({ path, kind }) => {
      const [letter, colour] = letters[kind]
      const line = `${styleText(colour, letter, { stream })} ${path.replaceAll(/\p{Cc}/gu, escapeControl)}\n`
      return Buffer.from(encodeName(line))
    }),
  )
}

/** A name with a line break in it is one line all the same, and no name moves the cursor. */
function escapeControl(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
