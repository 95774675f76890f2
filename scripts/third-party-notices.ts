import fs from 'node:fs'
import path from 'node:path'

/** The licences of the packages whose code is part of the bundle, as they want to be passed on. */
export function thirdPartyNotices(moduleIds: readonly string[]): string {
  const packages = new Set(moduleIds.map(packageDirectory).filter((directory) => directory !== undefined))
  const notices = [...packages].toSorted().map((directory) => {
    const manifest = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8')) as {
      readonly name: string
      readonly version: string
      readonly license?: string
    }
    const file = fs.readdirSync(directory).find((name) => /^licen[cs]e/i.test(name))
    const text =
      file === undefined ? `License: ${manifest.license}` : fs.readFileSync(path.join(directory, file), 'utf8')
    return `${manifest.name} ${manifest.version}\n\n${text.trim()}\n`
  })
  return ['libvisor contains code of these packages.\n', ...notices].join(`\n${'-'.repeat(80)}\n\n`)
}

/** The installed package to which a bundled module belongs; none for the workspace's own. */
function packageDirectory(id: string): string | undefined {
  const match = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id.replace(/^\0/, ''))
  return match?.[1]
}
