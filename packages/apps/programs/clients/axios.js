import http from 'node:http'
import axios from 'axios'
import { closedPort, distinct, host, port, say, times } from './say.js'

const httpAgent = new http.Agent({ keepAlive: true })
const client = axios.create({ baseURL: `http://${host}:${port}`, httpAgent })
const body = Buffer.alloc(2_000_000, 'upload ')

for (const adapter of ['http', 'fetch']) {
  client.defaults.adapter = adapter
  await say(`${adapter}: text`, async () => (await client.get('/text')).data)
  await say(`${adapter}: json`, async () => (await client.get('/json')).data)
  await say(`${adapter}: upload`, async () => {
    const { data, headers } = await client.post('/echo', body, { responseType: 'arraybuffer' })
    return [Buffer.from(data).equals(body), headers['x-method']]
  })
  await say(`${adapter}: download`, async () => (await client.get('/large', { responseType: 'text' })).data.length)
  await say(`${adapter}: gzip`, async () => (await client.get('/gzip')).data)
  await say(`${adapter}: redirect`, async () => (await client.get('/redirect')).data)
  await say(`${adapter}: status`, () => client.get('/unavailable').catch(({ response }) => response.status))
  await say(`${adapter}: time-out`, () => client.get('/slow', { timeout: 50 }))
  await say(`${adapter}: aborted`, () => client.get('/slow', { signal: AbortSignal.timeout(20) }))
  await say(`${adapter}: reset`, () => client.get('/reset'))
  await say(`${adapter}: refused`, () => axios.get(`http://${host}:${closedPort}`, { adapter }))
}
client.defaults.adapter = 'http'
await say('one after the other', async () => {
  const seen = []
  for (let index = 0; index < 5; index++) seen.push((await client.get('/connection')).data)
  return distinct(seen)
})
await say('at once', async () => distinct((await times(8, () => client.get('/connection'))).map(({ data }) => data)))
await say('stream', async () => {
  const { data } = await client.get('/large', { responseType: 'stream' })
  let length = 0
  for await (const chunk of data) length += chunk.length
  return length
})
await say('half of it', () => client.get('/half'))
httpAgent.destroy()
