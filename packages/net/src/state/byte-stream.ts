/** What leads to another process: a unix socket, or whatever else carries bytes in order. */
export interface ByteStream {
  /** What has been written and has not left this process. @units bytes */
  readonly waitingBytes: number
  /** Has what comes go to a reader. Called once. */
  read(reader: ByteReader): void
  /** Sends pieces. They belong to the stream from now on. */
  write(pieces: readonly Uint8Array[]): void
  /** Has the event loop not wait for it. */
  unref(): void
  /** Ends the stream for both sides. The other one still gets what has been written. */
  end(): void
}

/** Who gets what a stream brings. */
export interface ByteReader {
  /** Takes a piece, which belongs to the stream: what is to be kept is copied. */
  take(bytes: Uint8Array): void
  /** Nothing more comes. Called once. */
  ended(): void
}
