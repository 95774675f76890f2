import express from 'express'

const app = express()
app.get('/', (request, response) => response.json({ hello: 'world', path: request.path }))
const server = app.listen(Number(process.env.PORT), () => console.log(`listening on ${server.address().port}`))
