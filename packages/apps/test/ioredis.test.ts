import { betweenTwo } from './harness/between.ts'

betweenTwo({
  server: 'redis-server',
  clients: {
    ioredis: [
      'set and get: ["OK","välue",null]',
      'at once: 500',
      'in one pipeline: [2000,[null,"999"]]',
      'all or nothing: [[null,"OK"],[null,2],[null,"2"]]',
      'bytes: true',
      "no such command: ERR unknown command 'nonsense'",
      'heard: ["news one","news two","news three"]',
      'connected again: välue',
      'quit: OK',
      'refused: ["ECONNREFUSED","Connection is closed."]',
    ],
  },
})
