import fc from 'fast-check'
import { compareResolution } from './compare-resolution.ts'
import { generated, handWritten } from './resolution-corpus.ts'
for (const [n, l] of [['hand', handWritten], ['gen', fc.sample(generated, { numRuns: Number(process.env.N ?? 400), seed: Number(process.env.SEED ?? 20_261_122) })]] as const) {
  const { count, differences } = compareResolution(l)
  console.log(n, count, 'differences', differences.length)
  const seen = new Map<string, number>()
  for (const d of differences) {
    const sum = (a: any) => a.value ?? (a.error.properties.code ?? a.error.name) + ' ' + a.error.message + ' ' + JSON.stringify(a.error.properties)+ ' ' + a.error.head.slice(0,40)
    const cls = (d.native?.error as any)?.properties.code + '/' + (d.ours?.error as any)?.properties.code
    seen.set(cls, (seen.get(cls) ?? 0) + 1)
    if (seen.get(cls)! > Number(process.env.M ?? 4)) continue
    console.log(d.query.kind, JSON.stringify(d.query.specifier), d.query.from.replace(/.*resolution-......../, ''), '\n  N', sum(d.native).replaceAll(/\/tmp\/libvisor-resolution-....../g, '§'), '\n  O', sum(d.ours).replaceAll(/\/tmp\/libvisor-resolution-....../g, '§'))
  }
  console.log(seen)
}
