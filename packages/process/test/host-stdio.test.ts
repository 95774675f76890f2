import { spawn, spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const
const program = (body: string): string[] => [
  '--no-warnings',
  '--input-type=module',
  '-e',
  `import { createHostStdio } from '@libvisor/process'; const [stdin, stdout, stderr] = createHostStdio(); ${body}`,
]

describe("stdio over the host's descriptors", () => {
  it('reads to the end and writes all', () => {
    const echo = `
      for (let bytes = stdin.readSync(7); bytes.length > 0; bytes = stdin.readSync(7)) stdout.writeSync(bytes)
      stderr.writeSync(new TextEncoder().encode([stdin.kind, stdout.kind, stdin.hostFd].join()))`
    const input = 'x'.repeat(300_000)
    const { stdout, stderr } = spawnSync(process.execPath, program(echo), { ...options, input, maxBuffer: 2 ** 20 })
    expect([stdout === input, stderr]).toEqual([true, 'pipe,pipe,0'])
  })

  it('waits for a descriptor that somebody made non-blocking', async () => {
    // Touching process.stdout makes the pipe non-blocking; more than a pipe holds is written before anybody reads.
    const child = spawn(
      process.execPath,
      program(`process.stdout.write(''); stdout.writeSync(new Uint8Array(500_000).fill(120))`),
      {
        ...options,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let length = 0
    for await (const chunk of child.stdout!) length += (chunk as Buffer).length
    expect(length).toBe(500_000)
  })

  it('knows a file and the null device', () => {
    const { stderr } = spawnSync(
      process.execPath,
      program(`stderr.writeSync(new TextEncoder().encode([stdin.kind, stdin.readSync(1).length].join()))`),
      {
        ...options,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    expect(stderr).toBe('null,0')
  })
})
