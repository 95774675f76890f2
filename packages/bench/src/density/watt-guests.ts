import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import type { StartGuest } from './crowd-host.ts'

/** What is used of `@platformatic/runtime`, whose types are not here. */
interface WattRuntime {
  /** @returns where its entrypoint listens */
  start(): Promise<string>
  addApplications(applications: readonly object[], start: boolean): Promise<unknown>
  inject(id: string, request: { readonly method: string; readonly url: string }): Promise<{ readonly body: string }>
}

interface WattModule {
  create(root: string, config: object): Promise<WattRuntime>
  prepareApplication(config: object, application: object, defaultWorkers: object): Promise<object>
}

/**
 * Starts applications of one Watt runtime, a worker thread of its own for each. They are asked over its network, as it
 * gives only one of them a port.
 *
 * @param directory - where `@platformatic/runtime` and `@platformatic/node` are installed
 */
export async function wattGuests(program: string, directory: string): Promise<StartGuest> {
  const require = createRequire(path.join(directory, 'package.json'))
  const { create, prepareApplication } = (await import(
    pathToFileURL(require.resolve('@platformatic/runtime')).href
  )) as WattModule
  // Inside, so that applications find their capability.
  const root = fs.mkdtempSync(path.join(directory, 'density-'))
  process.once('exit', () => fs.rmSync(root, { recursive: true, force: true }))
  const config = {
    $schema: 'https://schemas.platformatic.dev/@platformatic/runtime/3.0.0.json',
    entrypoint: 'guest-0',
    applications: [applicationAt(root, 0, program)],
    server: { hostname: '127.0.0.1', port: 0 },
    logger: { level: 'error' },
    managementApi: false,
    metrics: false,
    watch: false,
  }
  const runtime = await create(root, config)
  return async (index) => {
    let port: number | undefined
    if (index === 0) {
      port = Number(new URL(await runtime.start()).port)
    } else {
      const application = applicationAt(root, index, program)
      const workers = { dynamic: false, static: 1 }
      await runtime.addApplications([await prepareApplication(config, application, workers)], true)
    }
    const { body } = await runtime.inject(`guest-${index}`, { method: 'GET', url: '/' })
    if (!body.includes('"hello":"world"')) throw new Error(`unexpected answer: ${body}`)
    return port
  }
}

/** Writes an application that consists of the program. */
function applicationAt(root: string, index: number, program: string): object {
  const id = `guest-${index}`
  const directory = path.join(root, id)
  fs.mkdirSync(directory)
  const files = {
    'package.json': { name: id, main: 'index.cjs' },
    'watt.json': {
      $schema: 'https://schemas.platformatic.dev/@platformatic/node/3.0.0.json',
      node: { main: 'index.cjs' },
    },
  }
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(directory, name), JSON.stringify(content))
  }
  fs.writeFileSync(path.join(directory, 'index.cjs'), `require(${JSON.stringify(program)})\n`)
  return { id, path: directory, env: { PORT: '0', NODE_ENV: 'production', DATA_FILE: path.join(directory, 'db.json') } }
}
