/** Tells what it finds of its built-ins, data and globals, and changes it all: nobody after it may find that. */
const assert = require('node:assert')
const crypto = require('node:crypto')
const fs = require('node:fs')
const promises = require('node:fs/promises')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const os = require('node:os')
const { isMainThread } = require('node:worker_threads')
const path = require('node:path')
// Whoever runs this puts them beside it.
const [rows, double] = ['rows.json', 'double.cjs'].map((name) => require(path.join(__dirname, name)))

const modules = { assert, crypto, fs, promises, http, https, net, os, process }
const found = {
  name: os.hostname(),
  isMainThread,
  modules: Object.values(modules).map((exports) => exports.trace),
  shapes: Object.values(modules).map((exports) => Object.keys(exports).length),
  prototypes: [fs, promises, http, net, rows, rows[0], double].map((value) => value instanceof Object),
  functions: [fs.readFileSync, promises.readFile, http.request, net.connect, crypto.randomUUID, double].map(
    (fn) => `${fn.name}/${fn.length} ${Object.getPrototypeOf(fn) === Function.prototype} ${Object.hasOwn(fn, 'trace')}`,
  ),
  agent: `${http.globalAgent instanceof http.Agent} ${http.globalAgent.trace}`,
  rows: `${rows.length} ${rows[0].id} ${rows[7].trace}`,
  double: double(21),
  errors: [() => fs.readFileSync('/none'), () => net.connect(-1), () => crypto.createHash('none')].map((call) => {
    try {
      return call()
    } catch (error) {
      return `${error instanceof Error} ${error.name} ${error.code}`
    }
  }),
  written: fs.readdirSync('/data'),
}
for (const exports of Object.values(modules)) exports.trace = 'left behind'
for (const fn of [fs.readFileSync, promises.readFile, http.request, net.connect, double]) fn.trace = 'left behind'
http.globalAgent.trace = 'left behind'
rows[7].trace = 'left behind'
fs.writeFileSync('/data/trace', 'left behind')
promises.readFile('/data/trace', 'utf8').then((text) => console.log(JSON.stringify({ ...found, text })))
