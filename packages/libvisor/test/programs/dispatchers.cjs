// Uses the built-in fetch beside the package that sets its dispatcher, and prints what is where.
const http = require('node:http')
const symbols = [1, 2].map((version) => Symbol.for(`undici.globalDispatcher.${version}`))
const show = () => {
  for (const symbol of symbols) {
    const { value, ...attributes } = Object.getOwnPropertyDescriptor(globalThis, symbol) ?? {}
    console.log(value?.constructor.name, attributes)
  }
}
const server = http
  .createServer((request, response) => request.pipe(response))
  .listen(0, async () => {
    const url = `http://127.0.0.1:${server.address().port}`
    const post = async (ask) => (await ask(url, { method: 'POST', body: 'body' })).text()
    console.log(await post(fetch))
    show()
    const undici = require('undici-8')
    console.log(await post(fetch), await post(undici.fetch), await (await undici.request(url)).body.text())
    const seen = []
    const recorder = (dispatch) => (options, handler) => {
      seen.push(options.path)
      return dispatch(options, handler)
    }
    undici.setGlobalDispatcher(new undici.Agent().compose(recorder))
    show()
    await fetch(`${url}/built-in`)
    await undici.fetch(`${url}/package`)
    console.log(seen)
    server.close()
    server.closeAllConnections()
  })
