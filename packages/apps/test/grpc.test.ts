import { betweenTwo } from './harness/between.ts'

betweenTwo({
  server: 'grpc-server',
  clients: {
    grpc: [
      'unary: hello you',
      'metadata: hello you!',
      'at once: hello 99',
      'large: 3000000',
      'a stream of answers: 2000000',
      'a stream of requests: 125250',
      'both: ["ONE","TWO","THREE"]',
      'an error: ["NOT_FOUND","nobody of that name",["on purpose"]]',
      'deadline: DEADLINE_EXCEEDED',
      'cancelled: CANCELLED',
      'after it: hello again',
      'refused: ["UNAVAILABLE",true]',
    ],
  },
})
