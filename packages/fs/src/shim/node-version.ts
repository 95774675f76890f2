/** What differs between the Nodes that are supported, and that no argument or export tells. */

const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
const [uvMajor, uvMinor] = (process.versions.uv ?? '1.52').split('.').map(Number) as [number, number]

/** Whether this Node is at least of a version. */
function isSince(wantedMajor: number, wantedMinor = 0): boolean {
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

/** What this Node does. */
export const nodeVersion = Object.freeze({
  /** `stat` knows `throwIfNoEntry` in its asynchronous flavours, too. */
  asyncThrowIfNoEntry: isSince(24, 12),
  /** `readFile` takes a buffer to read into. */
  readFileBuffer: isSince(24, 21),
  /** A `FileHandle` that is forgotten is an error, not a warning. */
  forgottenHandleThrows: isSince(25),
  /** `**` of `glob` does not lead into links that the next part of the pattern matches. */
  globSkipsLinks: isSince(26),
  /** `readdir` lists recursively in one way, whatever the flavour. */
  uniformRecursion: isSince(26),
  /** `rmSync` is one function of C++, with errors of its own. */
  nativeRemoval: isSince(24),
  /** Its errors tell the path once, and not twice. */
  removalTellsPathOnce: isSince(26),
  /** `cp` keeps the times of directories, too. */
  copiesDirectoryTimes: isSince(26),
  /** `readFile` and `writeFile` are one job of the thread pool, whose errors all tell the path. */
  wholeFileJobs: isSince(26),
  /** libuv passes times on to the nanosecond, and not to the microsecond. */
  nanosecondTimes: uvMajor > 1 || uvMinor >= 52,
})
