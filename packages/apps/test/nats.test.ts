import { betweenTwo } from './harness/between.ts'

betweenTwo({
  server: 'nats-server',
  clients: {
    nats: [
      'heard: ["one","two","three"]',
      'one after the other: ["0","2","4","6","8"]',
      'at once: 89700',
      'large: 3000000',
      'nobody there: 503',
      'time-out: TIMEOUT',
      'connected again: ["reconnect","42"]',
      'closed: CONNECTION_CLOSED',
      'refused: CONNECTION_REFUSED',
    ],
  },
})
