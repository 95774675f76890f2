/** Has V8's young generation grow, and rests until it has shrunk again, or for the longest. Prints how large it was, and is. */
import { setTimeout as delay } from 'node:timers/promises'
import v8 from 'node:v8'
import { giveBackWhenQuiet } from '../../src/context/give-back.ts'

const longestMs = 50_000
const enough = 16 * 1024 * 1024
const mostKept = 3_000_000

const young = (): number => v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size

giveBackWhenQuiet()
const kept: object[] = []
for (let index = 0; index < 300_000 || (young() < enough && index < mostKept); index++)
  kept.push({ index, list: [index] })
const grown = young()
const start = performance.now()
while (young() > grown / 2 && performance.now() - start < longestMs) await delay(200)
console.log(JSON.stringify({ grown, rested: young(), kept: kept.length }))
