import { betweenTwo } from './harness/between.ts'

betweenTwo({
  server: 'mqtt-server',
  clients: {
    mqtt: [
      'quality 0: ["news/today one","news/today two","news/today three"]',
      'quality 1: ["news/today one","news/today two","news/today three"]',
      'quality 2: ["news/today one","news/today two","news/today three"]',
      'many: news/many 299',
      'large: ["news/large 1000000"]',
      'kept: ["state on kept"]',
      'a last will: ["news/will gone"]',
      'connected again: ["again after it"]',
      'denied: 5',
      'refused: ECONNREFUSED',
    ],
  },
})
