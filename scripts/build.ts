/** Builds every package: `tsc -b` for the layers, and one bundle without dependencies of the workspace for libvisor. */
import { bundleLibvisor } from './bundle.ts'
import { bundleDeclarations } from './bundle-declarations.ts'
import { runTool } from './run.ts'

await runTool('tsc', ['-b'])
const chunks = await bundleLibvisor()
const declarations = bundleDeclarations()
const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
console.log(
  `packages/libvisor/dist: ${chunks.length} chunks, ${Math.round(bytes / 1024)} KiB, ${declarations} declaration files`,
)
