import nodemailer from 'nodemailer'
import { closedPort, distinct, host, port, say, times } from './say.js'

const options = { host, port: Number(port), tls: { rejectUnauthorized: false } }
const plain = nodemailer.createTransport({ ...options, ignoreTLS: true })
const mail = { from: 'one@example.com', to: 'two@example.com', subject: 'Hellö', text: 'a line\n.\nanother' }

await say('plain', async () => (await plain.sendMail(mail)).response)
await say('TLS', async () => (await nodemailer.createTransport(options).sendMail(mail)).response)
await say('as somebody', async () => {
  const transport = nodemailer.createTransport({ ...options, auth: { user: 'one', pass: 'secret' } })
  return (await transport.sendMail({ ...mail, to: ['two@example.com', 'three@example.com'] })).response
})
await say('with an attachment', async () => {
  const attachments = [{ filename: 'large', content: Buffer.alloc(2_000_000, 7) }]
  return (await nodemailer.createTransport(options).sendMail({ ...mail, attachments })).response
})
await say('verified', () => plain.verify())
await say('many over three', async () => {
  const pool = nodemailer.createTransport({ ...options, pool: true, maxConnections: 3, maxMessages: 100 })
  const answers = await times(20, () => pool.sendMail(mail))
  pool.close()
  return [answers.length, distinct(answers.map(({ response }) => response))]
})
await say('to nobody', () => plain.sendMail({ ...mail, to: 'nobody@example.com' }))
await say('too large', () => plain.sendMail({ ...mail, attachments: [{ content: Buffer.alloc(5_000_000) }] }))
await say('denied', () =>
  nodemailer.createTransport({ ...options, auth: { user: 'stranger', pass: 'x' } }).sendMail(mail),
)
await say('untrusted', () => nodemailer.createTransport({ ...options, tls: {} }).sendMail(mail))
await say('refused', async () => {
  const { code, syscall } = await nodemailer
    .createTransport({ ...options, port: closedPort })
    .sendMail(mail)
    .catch((error) => error)
  return [code, syscall]
})
