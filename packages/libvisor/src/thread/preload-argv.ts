/**
 * Options of Node's that make a thread run libvisor's preload first. `--import` comes too late for workers with
 * `eval: true`: their code runs before it.
 */
export const preloadArgv: readonly string[] = [
  '--require',
  decodeURIComponent(new URL('./preload.ts', import.meta.url).pathname),
]
