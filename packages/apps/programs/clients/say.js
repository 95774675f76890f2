// How the clients of this directory tell what they have found: a line each.

/** Prints what something came to. */
export async function say(what, work) {
  try {
    const found = await work()
    console.log(`${what}: ${typeof found === 'string' ? found : JSON.stringify(found)}`)
  } catch (error) {
    console.log(`${what}: ${codeOf(error)}`)
  }
}

/** The code of an error, or that of what it was made of. */
function codeOf(error) {
  for (let at = error; at !== undefined; at = at.cause) if (typeof at.code === 'string') return at.code
  return `${error.name}: ${error.message}`
}

export const times = (count, make) => Promise.all(Array.from({ length: count }, (_, index) => make(index)))

/** How many different ones there are. */
export const distinct = (values) => new Set(values).size

export const [host, port] = process.argv.slice(2)

/** Nobody listens there, and fetch does not refuse to ask. */
export const closedPort = 3
