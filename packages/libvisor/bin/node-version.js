// Loaded by whatever Node is there: nothing in this file is newer than Node 12.

/**
 * Whether libvisor runs on a version of Node.
 *
 * @param {string} version - as in `process.versions.node`
 * @returns {boolean} true for 22.21 and later 22, and for 24.8 and later
 */
export function isSupportedNode(version) {
  const [major, minor] = version.split('.').map(Number)
  return major === 22 ? minor >= 21 : major === 24 ? minor >= 8 : major > 24
}

/**
 * The one line that says which Node is needed.
 *
 * @param {string} who - what needs it
 * @param {string} version - the version that is there
 * @returns {string} a sentence
 */
export function requirement(who, version) {
  return `${who} needs Node >= 22.21 or >= 24.8; this is Node ${version}.`
}
