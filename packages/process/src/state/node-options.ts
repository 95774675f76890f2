/** What of Node's command line changes how a process of a guest reports what goes wrong. */
export interface ReportingOptions {
  /** `--unhandled-rejections` */
  readonly unhandledRejections: 'none' | 'strict' | 'throw' | 'warn' | 'warn-with-error-code'
  /** Whether warnings are printed: not with `--no-warnings`. */
  readonly warnings: boolean
  readonly traceWarnings: boolean
  readonly traceDeprecation: boolean
  readonly deprecation: boolean
  readonly throwDeprecation: boolean
  /** Codes and names of warnings that are not printed: `--disable-warning`. */
  readonly disabledWarnings: ReadonlySet<string>
}

const modes = ['none', 'strict', 'throw', 'warn', 'warn-with-error-code'] as const

/**
 * Whether Node's own clients of HTTP go by the proxies that the environment names.
 *
 * @param env - of the guest's process
 * @param execArgv - of the guest's process @defaultValue none
 * @returns `true` where they do
 * @source Node 24 doc/api/cli.md, `--use-env-proxy`
 * @example
 * ```ts
 * import { usesProxies } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(usesProxies({ HTTP_PROXY: 'http://proxy:3128' }), false)
 * assert.equal(usesProxies({ NODE_USE_ENV_PROXY: '1' }), true)
 * assert.equal(usesProxies({}, ['--use-env-proxy']), true)
 * ```
 */
export function usesProxies(env: NodeJS.ProcessEnv, execArgv: readonly string[] = []): boolean {
  if (env['NODE_USE_ENV_PROXY'] === '1') return true
  return [...(env['NODE_OPTIONS'] ?? '').split(' '), ...execArgv].includes('--use-env-proxy')
}

/**
 * Reads Node's options as far as they concern errors, rejections and warnings. Later ones win; the command line wins over
 * `NODE_OPTIONS`.
 *
 * @param execArgv - of the guest's process
 * @param env - its environment
 * @returns what holds
 * @source Node 24 doc/api/cli.md
 */
export function readReportingOptions(execArgv: readonly string[], env: NodeJS.ProcessEnv): ReportingOptions {
  const fromEnvironment = (env['NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '')
  const options = [...fromEnvironment, ...execArgv]
  const flag = (name: string, initially: boolean): boolean => {
    let value = initially
    for (const option of options) {
      if (option === `--${name}`) value = true
      else if (option === `--no-${name}`) value = false
    }
    return value
  }
  const values = (name: string): string[] =>
    options.flatMap((option, index) => {
      if (option.startsWith(`--${name}=`)) return [option.slice(name.length + 3)]
      return option === `--${name}` ? [options[index + 1] ?? ''] : []
    })
  const mode = values('unhandled-rejections').at(-1)
  return {
    unhandledRejections: modes.find((known) => known === mode) ?? 'throw',
    warnings: env['NODE_NO_WARNINGS'] === '1' ? false : flag('warnings', true),
    traceWarnings: flag('trace-warnings', false),
    traceDeprecation: flag('trace-deprecation', false),
    deprecation: flag('deprecation', true),
    throwDeprecation: flag('throw-deprecation', false),
    disabledWarnings: new Set(values('disable-warning')),
  }
}
