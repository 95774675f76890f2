/** How many bytes pieces are together. */
export function sizeOf(pieces: readonly Uint8Array[]): number {
  let size = 0
  for (const { length } of pieces) size += length
  return size
}

/**
 * Copies pieces into one.
 *
 * @param pieces - in order
 * @param sizeBytes - of all together
 * @returns bytes in memory of their own
 */
export function copyPieces(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
