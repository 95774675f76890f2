/** Bytes that a guest gets are in memory as Node's are. */
import { everywhere } from './worlds.ts'

everywhere('a file that is read with a callback or a promise has memory of its own', async ({ fs, promises, dir }) => {
  const path = `${dir}/file`
  const seen: unknown[] = []
  for (const size of [1, 1000, 100_000]) {
    fs.writeFileSync(path, Buffer.alloc(size, 'x'))
    const called = await new Promise<Buffer>((resolve, reject) => {
      fs.readFile(path, (error, data) => (error === null ? resolve(data) : reject(error)))
    })
    for (const { length, byteOffset, buffer } of [await promises.readFile(path), called]) {
      seen.push([length, byteOffset, buffer.byteLength])
    }
  }
  return seen
})
