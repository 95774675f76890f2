import { createHash } from 'node:crypto'
import { SMTPServer } from 'smtp-server'

const server = new SMTPServer({
  // STARTTLS is with the certificate that comes with the package.
  authOptional: true,
  size: 5_000_000,
  onAuth: ({ username }, session, callback) =>
    callback(username === 'stranger' ? new Error('Who are you?') : null, { user: username }),
  onRcptTo: ({ address }, session, callback) =>
    callback(address.startsWith('nobody') ? new Error('No such mailbox') : null),
  onData(stream, session, callback) {
    const hash = createHash('sha1')
    let length = 0
    stream.on('data', (chunk) => {
      length += chunk.length
      hash.update(chunk)
    })
    stream.on('end', () => {
      if (stream.sizeExceeded) return callback(Object.assign(new Error('Too large'), { responseCode: 552 }))
      const { secure, user, envelope } = session
      callback(null, `${secure ? 'TLS' : 'plain'} ${user || '-'} ${envelope.rcptTo.length} ${length > 1_000_000}`)
    })
  },
})
server.on('error', () => {})
server.listen(Number(process.env.PORT), () => console.log('listening'))
