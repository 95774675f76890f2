import { output, preloaded, program } from './commands.native.ts'

/** The public built-ins that starting with libvisor loads and starting without it does not, in the order of loading. */
export async function builtinsLoadedAtStart(): Promise<readonly string[]> {
  const builtins = program('builtins.mjs')
  const bare = new Set(await loaded([builtins]))
  const guest = await loaded(preloaded(builtins))
  return guest.filter((name) => !bare.has(name))
}

async function loaded(args: readonly string[]): Promise<readonly string[]> {
  const names = JSON.parse(await output(args)) as readonly string[]
  return names
    .filter((name) => name.startsWith('NativeModule ') && !name.startsWith('NativeModule internal/bootstrap'))
    .map((name) => name.slice('NativeModule '.length))
    .filter((name) => !name.startsWith('internal/') || name.endsWith('/undici'))
}
