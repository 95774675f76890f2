import { betweenTwo } from './harness/between.ts'

betweenTwo({
  server: 'mysql-server',
  clients: {
    mysql2: [
      'rows: [{"id":0,"text":"row 0"},{"id":1,"text":"row 1"}]',
      'many rows: {"id":4999,"text":"row 4999"}',
      'as a stream: 499500',
      'a large one: 2000000',
      'a large insert: [1,2000025]',
      'escaped: 30',
      'ping: answered',
      'wrong: ER_PARSE_ERROR',
      'after it: 1',
      'killed: ECONNRESET',
      "after that: Error: Can't add new command when connection is in closed state",
      'at once in a pool of four: 4',
      'one that is taken: 1',
      'denied: ER_ACCESS_DENIED_ERROR',
      'refused: ECONNREFUSED',
    ],
  },
})
