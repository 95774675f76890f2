// Prints the program's own frames in stacks of errors that Node's functions make, and of errors of contexts, as long as it wants them.
const assert = require('node:assert')
const path = require('node:path')
const vm = require('node:vm')
const deep = (count, call) => (count === 0 ? call() : deep(count - 1, call))
const framesOf = (stack) => stack.split('\n').filter((line) => /^ {4}at .*stacks\.cjs/.test(line))
function show(label, call, depth = 20) {
  try {
    deep(depth, call)
  } catch (error) {
    console.log(label, error.stack.split('\n').length > 1, framesOf(error.stack).join('\n'))
  }
}
for (const limit of [10, 3, 30, Infinity, 0]) {
  Error.stackTraceLimit = limit
  console.log(limit)
  show('ok', () => assert.ok(false))
  show('strictEqual', () => assert.strictEqual(1, 2), 2)
  show('deepEqual', () => assert.deepEqual([1], [2]))
  show('notDeepStrictEqual', () => assert.notDeepStrictEqual([1], [1]))
  show('throws', () => assert.throws(() => {}))
  show('URL', () => new URL('no URL'))
  show('Buffer', () => Buffer.alloc(-1))
  show('path', () => path.join(1))
}
Error.stackTraceLimit = 10

const own = vm.createContext({})
const plain = vm.createContext({})
vm.runInContext("Error.prepareStackTrace = (error, trace) => 'of the context ' + (trace.length > 0)", own)
console.log(framesOf(vm.runInContext("new Error('a').stack", plain)))
const { prepareStackTrace } = Error
for (const format of [
  (error, trace) => `of the program ${trace.length > 0}`,
  (error, trace) => `delegated ${prepareStackTrace?.(error, trace).split('\n')[0]}`,
]) {
  Error.prepareStackTrace = format
  for (const context of [own, plain]) {
    console.log(vm.runInContext("new Error('a').stack", context))
    console.log(vm.runInContext('try { null.a } catch (error) { error.stack }', context))
    console.log(vm.compileFunction("return new TypeError('b').stack", [], { parsingContext: context })())
  }
  console.log(new RangeError('c').stack)
}
