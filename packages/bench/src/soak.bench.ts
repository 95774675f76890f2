import { fork } from 'node:child_process'
import { once } from 'node:events'
import { builtHost, program } from './commands.native.ts'
import type { Remains } from './density/soak-host.ts'
import type { Report } from './report.ts'
import { formatColumns, quantity } from './table.ts'

/** Until here everything that all guests share has been loaded, and code that runs often has been compiled. */
const start = 20
const settled = 200
const cycles = 1000
/** @units MB */
const mostGrowth = 5

/** What guests in contexts leave behind when a thousand of them have started and ended. */
export async function soak(): Promise<Report> {
  const stops = [start, settled, 400, 600, 800, cycles]
  const host = fork(
    builtHost('density/soak-host'),
    [program('notes-express.cjs'), ...stops.map(String)],
    // What starts and ends is no business of the terminal.
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  )
  const remains: Remains[] = []
  host.on('message', (message: Remains) => {
    remains.push(message)
    console.error(`soak: ${message.cycle} cycles`)
  })
  const [code] = await once(host, 'exit')
  if (code !== 0) throw new Error(`the process of the cycles ended with ${code}`)
  return reportOf(remains)
}

function reportOf(remains: readonly Remains[]): Report {
  const at = (cycle: number): Remains => {
    const found = remains.find((sample) => sample.cycle === cycle)
    if (found === undefined) throw new Error(`nothing was measured after ${cycle} cycles`)
    return found
  }
  const heapGrowth = at(cycles).heapMb - at(start).heapMb
  const proportionalGrowth = at(cycles).proportionalMb - at(settled).proportionalMb
  const most = (key: 'contexts' | 'registered'): number => Math.max(...remains.map((sample) => sample[key]))
  const registered = most('registered')
  const contexts = most('contexts')
  const checks: readonly (readonly [text: string, isMet: boolean])[] = [
    [`live contexts by FinalizationRegistry: ${registered} at most, must be 0`, registered === 0],
    [`live contexts by the inspector: ${contexts} at most, must be 0`, contexts === 0],
    [`heap since cycle ${start}: ${signed(heapGrowth)}, at most +${mostGrowth} MB`, heapGrowth <= mostGrowth],
    [
      `proportional set since cycle ${settled}: ${signed(proportionalGrowth)}, at most +${mostGrowth} MB`,
      proportionalGrowth <= mostGrowth,
    ],
  ]
  const table = formatColumns(
    [
      'cycles',
      'contexts registered',
      'contexts inspected',
      'heap of the thread',
      'proportional set',
      'of it anonymous',
    ],
    remains.map(({ cycle, registered, contexts, heapMb, proportionalMb, anonymousMb }) => [
      String(cycle),
      String(registered),
      String(contexts),
      quantity(heapMb, 'MB'),
      quantity(proportionalMb, 'MB'),
      quantity(anonymousMb, 'MB'),
    ]),
  )
  const verdicts = checks.map(([text, isMet]) => `${isMet ? '✓' : '✗'} ${text}`)
  return { text: [table, ...verdicts].join('\n'), isMet: checks.every(([, isMet]) => isMet) }
}

const signed = (megabytes: number): string => `${megabytes < 0 ? '' : '+'}${quantity(megabytes, 'MB')}`
