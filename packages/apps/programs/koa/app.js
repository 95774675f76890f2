const fs = require('node:fs')
const Koa = require('koa')
const Router = require('@koa/router')
const { bodyParser } = require('@koa/bodyparser')

const file = '/data/notes.json'
const app = new Koa()
const router = new Router()

app.keys = ['keys that sign the cookies']

const read = () => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : [])

// x-response-time

app.use(async (ctx, next) => {
  const start = Date.now()
  await next()
  ctx.set('X-Response-Time', `${Date.now() - start}ms`)
})

router.get('/notes', (ctx) => {
  ctx.body = read()
})

router.post('/notes', (ctx) => {
  const notes = [...read(), ctx.request.body.text]
  fs.writeFileSync(file, JSON.stringify(notes))
  ctx.status = 201
  ctx.body = notes
})

router.get('/stream', (ctx) => {
  ctx.type = 'json'
  ctx.body = fs.createReadStream(file)
})

router.get('/views', (ctx) => {
  const views = Number(ctx.cookies.get('views', { signed: true }) ?? 0) + 1
  ctx.cookies.set('views', String(views), { signed: true })
  ctx.body = `${views} views`
})

router.get('/teapot', (ctx) => {
  ctx.throw(418, 'on purpose')
})

app.use(bodyParser())
app.use(router.routes())
app.use(router.allowedMethods())

app.listen(3000)
