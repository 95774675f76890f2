import { betweenTwo } from './harness/between.ts'

betweenTwo({
  server: 'frameworks-server',
  clients: {
    frameworks: [
      'express: at once: {"hello":"19"}',
      'express: a large body: [201,{"size":1000000}]',
      'express: a stream: 890',
      'express: what fails: 418',
      'express: what is not there: 404',
      'fastify: at once: {"hello":"19"}',
      'fastify: a large body: [201,{"size":1000000}]',
      'fastify: a stream: 890',
      'fastify: what fails: 418',
      'fastify: what is not there: 404',
      'koa: at once: {"hello":"19"}',
      'koa: a large body: [201,{"size":1000000}]',
      'koa: a stream: 890',
      'koa: what fails: 418',
      'koa: what is not there: 404',
      'hono: at once: {"hello":"19"}',
      'hono: a large body: [201,{"size":1000000}]',
      'hono: a stream: 890',
      'hono: what fails: 418',
      'hono: what is not there: 404',
      'socket.io by polling: [38,"io server disconnect"]',
      'socket.io by websocket: [38,"io server disconnect"]',
      'socket.io by polling and websocket: [38,"io server disconnect"]',
      'socket.io that is refused: websocket error',
    ],
  },
})
