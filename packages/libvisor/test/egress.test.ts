import { describe, expect, it } from 'vitest'
import { createEgress } from '../src/config/egress.ts'

describe('rules of egress', () => {
  it.each([
    [['api.example.com:443'], 'api.example.com', 443, true],
    [['api.example.com:443'], 'API.Example.Com', 443, true],
    [['api.example.com:443'], 'api.example.com', 80, false],
    [['api.example.com'], 'api.example.com', 80, true],
    [['*.example.com'], 'a.b.example.com', 1, true],
    [['*.example.com'], 'example.com', 1, false],
    [['*.example.com'], 'badexample.com', 1, false],
    [['10.0.0.0/8:5432'], '10.255.0.1', 5432, true],
    [['10.0.0.0/8:5432'], '11.0.0.1', 5432, false],
    [['0.0.0.0/0'], '192.0.2.1', 9, true],
    [['192.0.2.1/32'], '192.0.2.2', 9, false],
    [['[::1]:80'], '::1', 80, true],
    [['*:443'], 'anything', 443, true],
    [['*:443'], 'anything', 80, false],
    [[], 'anything', 80, false],
    [['a:1', 'b:2'], 'b', 2, true],
  ])('%j let %s port %i through: %s', (rules, host, port, allowed) => {
    expect(createEgress(rules)(host, port)).toBe(allowed)
  })

  it('let a name be looked up that some port of is allowed', () => {
    const egress = createEgress(['api.example.com:443'])
    expect([egress('api.example.com', 0), egress('other.example.com', 0)]).toEqual([true, false])
  })

  it.each(['10.0.0.0/99', '300.0.0.0/8', 'host:99999', 'host:0', ''])(
    'that cannot be read are an error that names them: %j',
    (rule) => {
      expect(() => createEgress([rule])).toThrow(
        expect.objectContaining({
          code: 'VISOR_CONFIG_INVALID',
          message: expect.stringContaining(`'${rule}'`) as unknown,
        }),
      )
    },
  )
})
