import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import dns from 'node:dns'
import util from 'node:util'
import { describe, expect, it } from 'vitest'
import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'

const errors = createErrors({ personality: linux, intrinsics: hostIntrinsics })

/** All that a program can tell two errors by. */
function anatomy(error: Error): unknown {
  return {
    prototype: Object.getPrototypeOf(error) as unknown,
    keys: Object.keys(error),
    message: error.message,
    name: error.name,
    string: String(error),
    properties: { ...error },
  }
}

function thrown(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('Nothing was thrown')
}

describe('errors of the factory', () => {
  it('equal those of fs with one path', () => {
    const ours = errors.file('ENOENT', { syscall: 'open', path: '/no/such/file' })
    expect(anatomy(ours)).toEqual(anatomy(thrown(() => fs.openSync('/no/such/file', 'r'))))
  })

  it('equal those of fs with two paths', () => {
    const ours = errors.file('ENOENT', { syscall: 'rename', path: '/no/such/a', dest: '/no/such/b' })
    expect(anatomy(ours)).toEqual(anatomy(thrown(() => fs.renameSync('/no/such/a', '/no/such/b'))))
  })

  it('equal those of a refused connection', async () => {
    const native = await new Promise<Error>((resolve) => net.connect(1, '127.0.0.1').on('error', resolve))
    expect(anatomy(errors.socket('ECONNREFUSED', { syscall: 'connect', address: '127.0.0.1', port: 1 }))).toEqual(
      anatomy(native),
    )
  })

  it('equal those of an address in use', async () => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    const native = await new Promise<Error>((resolve) =>
      net.createServer().on('error', resolve).listen(port, '127.0.0.1'),
    )
    server.close()
    expect(anatomy(errors.listen('EADDRINUSE', { syscall: 'listen', address: '127.0.0.1', port }))).toEqual(
      anatomy(native),
    )
  })

  it('equal those of kill', () => {
    expect(anatomy(errors.call('ESRCH', 'kill'))).toEqual(anatomy(thrown(() => process.kill(2 ** 22 + 1, 0))))
  })

  it('equal those of a name that is not found', async () => {
    const native = await new Promise<Error | null>((resolve) =>
      dns.lookup('no-such-host.invalid', (error) => resolve(error)),
    )
    const { code } = native as NodeJS.ErrnoException
    expect(anatomy(errors.dns(code ?? '', 'getaddrinfo', 'no-such-host.invalid'))).toEqual(anatomy(native as Error))
  })

  it("equal Node's own with a code", () => {
    const native = thrown(() => fs.openSync(1 as unknown as string, 'r'))
    const ours = errors.coded('TypeError', 'ERR_INVALID_ARG_TYPE', native.message)
    expect(anatomy(ours)).toEqual(anatomy(native))
  })
})

describe('the stack of an error with a code', () => {
  // In a process of its own: test runners replace the function that prepares stacks.
  it("begins as the stack of Node's own does", () => {
    const script = `
      import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
      import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
      const headOf = (error) => error.stack.split('\\n')[0]
      let native
      try { fs.openSync(1) } catch (error) { native = error }
      const ours = createErrors({ personality: linux, intrinsics: hostIntrinsics })
        .coded('TypeError', 'ERR_INVALID_ARG_TYPE', native.message)
      console.log(JSON.stringify([headOf(native), headOf(ours)]))`
    const cwd = new URL('../../core', import.meta.url)
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd, encoding: 'utf8' })
    const [native, ours] = JSON.parse(output) as [string, string]
    expect(ours).toBe(native)
  })
})

describe('the errno table of linux', () => {
  it.runIf(process.platform === 'linux')('has what this Node says, number and text', () => {
    for (const [number, [code, text]] of util.getSystemErrorMap()) {
      if (code in linux.errno) expect(linux.errno[code as keyof typeof linux.errno]).toEqual([-number, text])
    }
  })
})
