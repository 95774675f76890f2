import type { Connection } from './connection.ts'

/**
 * Joins two connections end to end: what one of them gets is written to the other.
 *
 * @param first - nobody else reads or writes it from now on
 * @param second - likewise
 */
export function splice(first: Connection, second: Connection): void {
  let ended = 0
  const pass = (from: Connection, to: Connection): void => {
    let isWriting = false
    let isPumping = false
    const pump = (): void => {
      while (!isWriting) {
        const read = from.read()
        if (read === undefined) return
        if (read === 'reset') return to.reset()
        if (read === 'end') {
          return to.shutdown(() => {
            if (++ended < 2) return
            first.close()
            second.close()
          })
        }
        isWriting = true
        to.write([read], (error) => {
          isWriting = false
          if (error === undefined) from.onReadable()
          else from.reset()
        })
        if (to.isReset) return from.reset()
      }
    }
    from.onReadable = () => {
      if (!isPumping) {
        isPumping = true
        pump()
        isPumping = false
      }
    }
    from.onReadable()
  }
  pass(first, second)
  pass(second, first)
}
