import { linux } from '@libvisor/abi'
import { describe, expect, it } from 'vitest'
import { createSignalSender, defaultAction } from '@libvisor/process'

function sender(listening: readonly string[] = []): { raise: (signal: never) => void; log: unknown[] } {
  const log: unknown[] = []
  const { raise } = createSignalSender(linux, {
    listens: (name) => listening.includes(name),
    emit: (name, number) => log.push(['emit', name, number]),
    terminate: (code) => log.push(['terminate', code]),
    stop: (name) => log.push(['stop', name]),
  })
  return { raise: raise as (signal: never) => void, log }
}

describe('a signal', () => {
  it.each([
    ['SIGTERM', ['terminate', 143]],
    [2, ['terminate', 130]],
    ['SIGKILL', ['terminate', 137]],
    ['SIGTSTP', ['stop', 'SIGTSTP']],
  ])('%s without a listener: %o', (signal, expected) => {
    const { raise, log } = sender()
    raise(signal as never)
    expect(log).toEqual([expected])
  })

  it.each(['SIGCHLD', 'SIGWINCH', 'SIGURG', 'SIGCONT'])('%s without a listener does nothing', (signal) => {
    const { raise, log } = sender()
    raise(signal as never)
    expect(log).toEqual([])
  })

  it('calls listeners with its name and number, however it was raised', () => {
    const { raise, log } = sender(['SIGTERM'])
    raise('SIGTERM' as never)
    raise(15 as never)
    expect(log).toEqual([
      ['emit', 'SIGTERM', 15],
      ['emit', 'SIGTERM', 15],
    ])
  })

  it('cannot be kept from killing or stopping', () => {
    const { raise, log } = sender(['SIGKILL', 'SIGSTOP'])
    raise('SIGKILL' as never)
    raise('SIGSTOP' as never)
    expect(log).toEqual([
      ['terminate', 137],
      ['stop', 'SIGSTOP'],
    ])
  })

  it('that there is not is refused', () => {
    expect(() => sender().raise('SIGNOTHING' as never)).toThrow(RangeError)
    expect(() => sender().raise(99 as never)).toThrow(RangeError)
  })

  it('has the default action of signal(7)', () => {
    expect(['SIGTERM', 'SIGUSR1', 'SIGSTOP', 'SIGCHLD'].map(defaultAction)).toEqual([
      'terminate',
      'terminate',
      'stop',
      'ignore',
    ])
  })
})
