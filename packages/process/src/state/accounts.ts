/** An entry of `/etc/passwd`. */
export interface Account {
  readonly username: string
  readonly uid: number
  readonly gid: number
  readonly homedir: string
  readonly shell: string | null
}

/** An entry of `/etc/group`. */
export interface Group {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

const lines = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))

/**
 * Reads the text of `/etc/passwd`.
 *
 * @param text - its content
 * @returns its entries, in order
 * @source passwd(5)
 */
export function parseAccounts(text: string): Account[] {
  return lines(text)
    .filter((fields) => fields.length >= 6)
    .map(([username = '', , uid, gid, , homedir = '', shell]) => ({
      username,
      uid: Number(uid),
      gid: Number(gid),
      homedir,
      shell: shell === undefined || shell === '' ? null : shell,
    }))
}

/**
 * Reads the text of `/etc/group`.
 *
 * @param text - its content
 * @returns its entries, in order
 * @source group(5)
 */
export function parseGroups(text: string): Group[] {
  return lines(text)
    .filter((fields) => fields.length >= 3)
    .map(([name = '', , gid, members]) => ({
      name,
      gid: Number(gid),
      members: members === undefined || members === '' ? [] : members.split(','),
    }))
}
