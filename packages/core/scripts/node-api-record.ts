/** The names under each built-in, and under `globalThis`. */
export type ApiNames = Readonly<Record<string, readonly string[]>>

/** Which versions of Node have which names. */
export interface ApiRecord {
  /** The exact versions that were probed, by major version. */
  readonly versions: Readonly<Record<string, string>>
  /** By built-in, then by the majors that have them (`"22 24 26"`), the names. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

/** The API of one version of Node. */
export interface VersionApi {
  readonly version: string
  readonly api: ApiNames
}

/** Brings what several versions have into one record. */
export function mergeVersions(versions: readonly VersionApi[]): ApiRecord {
  const majors = versions.map(({ version }) => majorOf(version))
  const modules: Record<string, Record<string, string[]>> = {}
  for (const id of unionOf(versions.map(({ api }) => Object.keys(api)))) {
    const groups: Record<string, string[]> = (modules[id] = {})
    for (const name of unionOf(versions.map(({ api }) => api[id] ?? []))) {
      const having = majors.filter((_, i) => versions[i]?.api[id]?.includes(name)).join(' ')
      ;(groups[having] ??= []).push(name)
    }
  }
  return { versions: Object.fromEntries(versions.map(({ version }, i) => [majors[i], version])), modules }
}

/** All names of a built-in that any version has. */
export function namesIn(record: ApiRecord, id: string): ReadonlySet<string> {
  return new Set(Object.values(record.modules[id] ?? {}).flat())
}

/** The majors that have a name, such as `['24', '26']`. */
export function majorsWith(record: ApiRecord, id: string, name: string): readonly string[] {
  const group = Object.entries(record.modules[id] ?? {}).find(([, names]) => names.includes(name))
  return group === undefined ? [] : group[0].split(' ')
}

function majorOf(version: string): string {
  return /^v(\d+)\./.exec(version)?.[1] ?? version
}

function unionOf(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort()
}
