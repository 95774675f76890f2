// The same few routes by express, fastify, koa and hono, below a path each.
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { bodyParser } from '@koa/bodyparser'
import { Router } from '@koa/router'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { Server } from 'socket.io'

const pieces = () => Readable.from(Array.from({ length: 100 }, (_, index) => `piece ${index}\n`))

const byExpress = express()
// It prints no errors.
byExpress.set('env', 'test')
byExpress.use(express.json({ limit: '5mb' }))
byExpress.get('/express/greet/:name', (req, res) => res.json({ hello: req.params.name }))
byExpress.post('/express/size', (req, res) => res.status(201).json({ size: req.body.text.length }))
byExpress.get('/express/stream', (req, res) => pieces().pipe(res))
byExpress.get('/express/fail', () => {
  throw Object.assign(new Error('on purpose'), { status: 418 })
})

const byFastify = fastify({ bodyLimit: 5_000_000 })
byFastify.get('/fastify/greet/:name', (request) => ({ hello: request.params.name }))
byFastify.post('/fastify/size', (request, reply) => reply.code(201).send({ size: request.body.text.length }))
byFastify.get('/fastify/stream', (request, reply) => reply.send(pieces()))
byFastify.get('/fastify/fail', () => {
  throw Object.assign(new Error('on purpose'), { statusCode: 418 })
})
await byFastify.ready()

const router = new Router({ prefix: '/koa' })
router.get('/greet/:name', (ctx) => (ctx.body = { hello: ctx.params.name }))
router.post('/size', (ctx) => {
  ctx.status = 201
  ctx.body = { size: ctx.request.body.text.length }
})
router.get('/stream', (ctx) => (ctx.body = pieces()))
router.get('/fail', (ctx) => ctx.throw(418, 'on purpose'))
const byKoa = new Koa().use(bodyParser({ jsonLimit: '5mb' })).use(router.routes())

const byHono = new Hono().basePath('/hono')
byHono.get('/greet/:name', (c) => c.json({ hello: c.req.param('name') }))
byHono.post('/size', async (c) => c.json({ size: (await c.req.json()).text.length }, 201))
byHono.get('/stream', (c) => c.body(Readable.toWeb(pieces().map((text) => Buffer.from(text)))))
byHono.get('/fail', (c) => c.text('on purpose', 418))

const handlers = {
  express: byExpress,
  fastify: byFastify.routing,
  koa: byKoa.callback(),
  hono: getRequestListener(byHono.fetch),
}
const server = createServer((request, response) => {
  const handle = handlers[request.url.split('/')[1]]
  if (handle === undefined) response.writeHead(404).end()
  else handle(request, response)
})
new Server(server).on('connection', (socket) => {
  socket.on('double', (number, answer) => answer(number * 2))
  socket.on('leave', () => socket.disconnect(true))
})
server.listen(process.env.PORT, () => console.log('listening'))
