/**
 * A process with a crowd in it: starts a further guest for each message from its parent, and answers how long that took.
 * Arguments: the kind, the program, and for Watt the directory where it is installed.
 */
import process from 'node:process'
import type { CrowdMember, Kind } from './crowd.ts'
import type { CrowdAnswer } from './hosted-crowd.ts'

/** Starts a guest, and tells the port on which it has answered. */
export type StartGuest = (index: number) => Promise<number | undefined>

const [kind, program, watt] = process.argv.slice(2) as [Kind, string, string?]
const start = await starter()
let members = 0
process.on('message', () => {
  add().then(
    (member) => tell({ member }),
    (error: unknown) => tell({ failure: error instanceof Error ? String(error.stack) : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
tell({ member: { port: undefined, startMs: 0 } })

async function add(): Promise<CrowdMember> {
  const started = performance.now()
  const port = await start(members++)
  return { port, startMs: performance.now() - started }
}

function tell(answer: CrowdAnswer): void {
  process.send!(answer)
}

/** Loads nothing of the other kinds, so that none pays for them. */
async function starter(): Promise<StartGuest> {
  switch (kind) {
    case 'context':
    case 'thread':
      return (await import('./visor-guests.ts')).visorGuests(program, kind)
    case 'watt':
      return (await import('./watt-guests.ts')).wattGuests(program, watt!)
    case 'worker':
      return (await import('./worker-guests.ts')).workerGuests(program)
    case 'process':
      throw new Error('processes have no host')
  }
}
