import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { UsageError } from './usage-error.ts'

export const usage = `usage:
  main.ts run --suite DIR --command 'node --import libvisor/register' [options]
      Runs the suite under a command and compares with a native run.
  main.ts compare RESULTS.tsv [options]
      Compares what an earlier run wrote.
  main.ts table RESULTS.tsv [options]
      Prints the table of an earlier run, and nothing else.
  main.ts traits --suite DIR
      Prints what each file of the suite needs, as data/traits.tsv has it.

options of run:
  --suite DIR       the folder that holds test/parallel, test/common and test/fixtures
  --command TEXT    what runs a test; {flags} and {file} stand for its flags and its path, else both go to the end;
                    {temporary} is the folder for its temporary files
  --only AREAS      areas as in the table, or beginnings of file names, separated by commas
  --files LIST      a file with the names of the tests to run, one in each line
  --all             run those, too, that do not pass natively
  --jobs N          how many at the same time; default 2
  --timeout S       seconds for each; default 60
  --retries N       how often a failed test runs again, alone; default 1
  --out FILE        where results go as they come
  --resume          keep the results that are in --out already

options of all:
  --plain           only files that need no flags, in the areas that nearly every program uses; files that start
                    children are counted apart
  --baseline FILE   results of a native run; default data/native.tsv. 'none' compares with nothing
  --known FILE      known failures; default none
  --traits FILE     what each file needs; default data/traits.tsv
  --format FORMAT   markdown or tsv; default markdown
  --into FILE       puts the table into a document, between <!-- begin NAME --> and <!-- end NAME -->
  --section NAME    default register
`

/** The native results that the package brings. */
const ownBaseline = fileURLToPath(new URL('../data/native.tsv', import.meta.url))

/** What the package knows of the files of the suite. */
const ownTraits = fileURLToPath(new URL('../data/traits.tsv', import.meta.url))

/** What to do. */
export type Options = RunOptions | ReadOptions | TraitsOptions

/** Where a comparison gets its other half. */
interface CompareWith {
  /** Path of native results; without it nothing is compared. */
  readonly baseline: string | undefined
  /** Path of known failures. */
  readonly known: string | undefined
  readonly format: 'markdown' | 'tsv'
  /** A document that gets the table, in place of the output. */
  readonly into: string | undefined
  /** Which section of it. */
  readonly section: string
  /** Path of what each file needs, where only plain files count. */
  readonly plain: string | undefined
}

/** Run the suite. */
export interface RunOptions extends CompareWith {
  readonly action: 'run'
  readonly suite: string
  readonly command: string
  readonly only: readonly string[]
  readonly files: string | undefined
  readonly all: boolean
  readonly jobs: number
  /** @units milliseconds */
  readonly timeoutMs: number
  readonly retries: number
  readonly out: string | undefined
  readonly resume: boolean
}

/** Read what an earlier run wrote. */
export interface ReadOptions extends CompareWith {
  readonly action: 'compare' | 'table'
  readonly results: string
}

/** Print what each file of a suite needs. */
export interface TraitsOptions {
  readonly action: 'traits'
  readonly suite: string
}

const flags = {
  suite: { type: 'string' },
  command: { type: 'string' },
  only: { type: 'string', default: '' },
  files: { type: 'string' },
  all: { type: 'boolean', default: false },
  jobs: { type: 'string', default: '2' },
  timeout: { type: 'string', default: '60' },
  retries: { type: 'string', default: '1' },
  out: { type: 'string' },
  resume: { type: 'boolean', default: false },
  baseline: { type: 'string', default: ownBaseline },
  known: { type: 'string' },
  format: { type: 'string', default: 'markdown' },
  into: { type: 'string' },
  section: { type: 'string', default: 'register' },
  plain: { type: 'boolean', default: false },
  traits: { type: 'string', default: ownTraits },
} as const

/**
 * Reads the command line.
 *
 * @throws {UsageError} when it asks for something that is not there
 */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args)
  const [action, ...rest] = positionals
  if (values.format !== 'markdown' && values.format !== 'tsv') {
    throw new UsageError(`--format is markdown or tsv, not '${values.format}'`)
  }
  const compareWith: CompareWith = {
    baseline: values.baseline === 'none' ? undefined : values.baseline,
    known: values.known,
    format: values.format,
    into: values.into,
    section: values.section,
    plain: values.plain ? values.traits : undefined,
  }
  if (action === 'traits') return { action, suite: required(values.suite, '--suite') }
  if (action === 'compare' || action === 'table') {
    const [results] = rest
    if (results === undefined || rest.length > 1) throw new UsageError(`${action} takes one file of results`)
    return { ...compareWith, action, results }
  }
  if (action !== 'run')
    throw new UsageError(action === undefined ? 'Say what to do' : `There is no command '${action}'`)
  if (rest.length > 0) throw new UsageError(`run takes no arguments, only options: '${rest[0]}'`)
  return {
    ...compareWith,
    action,
    suite: required(values.suite, '--suite'),
    command: required(values.command, '--command'),
    only: values.only.split(',').filter((area) => area !== ''),
    files: values.files,
    all: values.all,
    jobs: number(values.jobs, '--jobs', 1),
    timeoutMs: number(values.timeout, '--timeout', 1) * 1000,
    retries: number(values.retries, '--retries', 0),
    out: values.out,
    resume: values.resume,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true })
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause })
  }
}

function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is missing`)
  return value
}

function number(text: string, option: string, least: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least)
    throw new UsageError(`${option} is a whole number from ${least} on, not '${text}'`)
  return value
}
