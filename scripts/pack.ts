import fs from 'node:fs'
import path from 'node:path'
import { pnpm, runTool } from './run.ts'
import { publishedPackages, root, scratch } from './workspace.ts'

/** A package as it would be published. */
export interface PackedPackage {
  readonly name: string
  readonly tarball: string
}

/** Builds everything and packs what is published, as pnpm would for the registry. */
export async function packAll(): Promise<readonly PackedPackage[]> {
  await runTool(process.execPath, [path.join(root, 'scripts', 'build.ts')])
  const destination = path.join(scratch, 'packages')
  fs.rmSync(destination, { recursive: true, force: true })
  fs.mkdirSync(destination, { recursive: true })
  const packages = publishedPackages()
  const filters = packages.flatMap(({ manifest }) => ['--filter', manifest.name])
  const { code, output } = await pnpm([...filters, '-r', 'pack', '--pack-destination', destination], { show: false })
  if (code !== 0) throw new Error(`pnpm pack failed:\n${output}`)
  return packages.map(({ manifest: { name, version } }) => {
    const tarball = path.join(destination, `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`)
    if (!fs.existsSync(tarball)) throw new Error(`pnpm pack made no ${tarball}:\n${output}`)
    return { name, tarball }
  })
}
