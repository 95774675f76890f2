import { betweenTwo } from './harness/between.ts'

betweenTwo({
  server: 'smtp-server',
  clients: {
    nodemailer: [
      'plain: 250 plain - 1 false',
      'TLS: 250 TLS - 1 false',
      'as somebody: 250 TLS one 2 false',
      'with an attachment: 250 TLS - 1 true',
      'verified: true',
      'many over three: [20,1]',
      'to nobody: EENVELOPE',
      'too large: EMESSAGE',
      'denied: EAUTH',
      'untrusted: ESOCKET',
      'refused: ["ESOCKET","connect"]',
    ],
  },
})
