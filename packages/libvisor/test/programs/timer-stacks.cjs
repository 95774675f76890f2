// Prints what stacks call the callbacks of timers, and what timers show of them.
const fs = require('node:fs')
const frames = (error) => error.stack.split('\n').slice(1).join('\n')
const failures = []
const show = (label, ...rest) => console.log(label, ...rest, frames(new Error(label)))
const immediate = () =>
  new Promise((resolve) =>
    setImmediate(function named() {
      show('immediate')
      resolve()
    }),
  )
const timeout = () =>
  new Promise((resolve) =>
    setTimeout(() => {
      show('timeout')
      failures.push(new Error('read later'))
      resolve()
    }, 1),
  )
const interval = () =>
  new Promise((resolve) => {
    let count = 0
    const timer = setInterval(function callback() {
      show('interval', timer._onTimeout === callback)
      if (++count === 2) resolve(clearInterval(timer))
    }, 1)
  })
const refreshed = () =>
  new Promise((resolve) => {
    let count = 0
    const timer = setTimeout(function callback() {
      show('refreshed', timer._onTimeout === callback)
      if (++count === 1) timer.refresh()
      else if (count === 2) setImmediate(() => timer.refresh())
      else resolve(console.log(timer.hasRef()))
    }, 1)
  })
const cleared = () =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      clearTimeout(timer)
      resolve(console.log(timer._onTimeout))
    }, 1)
  })
const read = () =>
  new Promise((resolve) => {
    fs.readFile(__filename, () => resolve(console.log(frames(new Error()).includes('node:async_hooks'))))
  })

async function main() {
  for (const step of [immediate, timeout, interval, refreshed, cleared, read]) await step()
  for (const error of failures) console.log(frames(error))
  setTimeout(() => {
    throw new TypeError('nobody catches it')
  }, 1)
}
void main()
