// Prints the names of Node's own modules that have been loaded by now.
console.log(JSON.stringify(process.moduleLoadList))
