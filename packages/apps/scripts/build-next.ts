/**
 * Installs and builds the Next.js app outside the workspace: Next.js takes more room than all else that is installed
 * here. `test/next.test.ts` then runs it.
 */
import { cpSync, mkdirSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../programs/next', import.meta.url))
const target = fileURLToPath(new URL('../../../.tmp/next-app', import.meta.url))

mkdirSync(target, { recursive: true })
cpSync(source, target, { recursive: true })

const options = {
  cwd: target,
  stdio: 'inherit',
  env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
} as const
execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], options)
execFileSync(process.execPath, ['node_modules/next/dist/bin/next', 'build'], options)
