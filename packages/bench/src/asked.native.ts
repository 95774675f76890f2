import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'

/** A program that answers each line of its input with a number. */
export interface Asked extends AsyncDisposable {
  ask(question: string): Promise<number>
  readonly pid: number
}

/**
 * Starts such a program.
 *
 * @param args - Node's
 */
export function startAsked(args: readonly string[]): Asked {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)
  return {
    pid: child.pid!,
    async ask(question) {
      const answer = once(lines, 'line')
      child.stdin.write(`${question}\n`)
      const end = exited.then(([code]) => Promise.reject(new Error(`node ${args.join(' ')} ended with ${code}`)))
      const [line] = (await Promise.race([answer, end])) as [string]
      return Number(line)
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await exited
    },
  }
}

/** A directory of the host in memory: a real tmpfs. */
export function sharedMemory(): Disposable & { readonly path: string } {
  const path = fs.mkdtempSync('/dev/shm/libvisor-bench-')
  return { path, [Symbol.dispose]: () => fs.rmSync(path, { recursive: true }) }
}
