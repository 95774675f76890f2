// Says that it is up, and stays until its input ends.
process.stdin.resume()
console.log('ready')
