const { allocUnsafeSlow, from: bufferFrom } = Buffer

/**
 * A copy of bytes with nothing else in its memory, as what the kernel gives: `buffer.buffer` of what a guest reads shows nobody else's bytes. Buffers
 * that Node makes lie in memory that they share.
 */
export function copyAlone(bytes: Uint8Array): Buffer {
  const copy = allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}

/** The bytes of a text. */
export function encodeText(text: string, encoding: string): Uint8Array {
  return bufferFrom(text, encoding as BufferEncoding)
}

/** The pieces of a write whose chunks alternate with their encodings. */
export function encodeChunks(chunks: readonly unknown[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let index = 0; index < chunks.length; index += 2) {
    const chunk = chunks[index] as string | Uint8Array
    pieces.push(typeof chunk === 'string' ? encodeText(chunk, chunks[index + 1] as string) : chunk)
  }
  return pieces
}
