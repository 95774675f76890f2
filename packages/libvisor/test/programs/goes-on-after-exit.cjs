void Promise.resolve().then(() => console.log('a promise went on'))
try {
  console.log('before')
  process.exit(3)
} catch (error) {
  console.error('caught', error.message)
  process.stdout.write('x')
} finally {
  console.log('finally')
}
