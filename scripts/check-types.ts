/** Type-checks the sources, and then what has no declarations of its own: tests, scripts, examples. */
import { runTool } from './run.ts'

await runTool('tsc', ['-b'])
await runTool('tsc', ['-p', 'tsconfig.tests.json'])
console.log('no errors')
