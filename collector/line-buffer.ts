/** Lines that a running tool prints, kept until somebody takes them; the newest ones when nobody does. */
export interface LineBuffer {
  /** A pipe of the tool: pieces given to one are joined to lines apart from those of another. */
  pipe(): (chunk: Uint8Array) => void
  /** Nothing comes any more: what is there without a newline is a line too. */
  end(): void
  take(): { readonly lines: readonly string[]; readonly dropped: number }
}

/** Whole lines of byte streams, in the order they became whole. An over-long line is dropped and counted once. */
export function createLineBuffer({
  maxLines,
  maxLineBytes,
}: {
  readonly maxLines: number
  readonly maxLineBytes: number
}): LineBuffer {
  let lines: string[] = []
  let dropped = 0
  const ends: (() => void)[] = []
  const keep = (line: string) => {
    lines.push(line)
    // Cut in large steps: a flood must not move the whole buffer for every line.
    if (lines.length >= 2 * maxLines) cut()
  }
  const cut = () => {
    if (lines.length <= maxLines) return
    dropped += lines.length - maxLines
    lines = lines.slice(-maxLines)
  }
  return {
    pipe() {
      const decoder = new TextDecoder()
      let rest = ''
      let isOverlong = false
      const whole = (line: string) => {
        if (isOverlong || line.length > maxLineBytes) dropped += 1
        else keep(line.endsWith('\r') ? line.slice(0, -1) : line)
        isOverlong = false
      }
      ends.push(() => {
        if (isOverlong || rest !== '') whole(rest)
        rest = ''
      })
      return (chunk) => {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
        rest = parts.pop() ?? ''
        for (const line of parts) whole(line)
        if (rest.length > maxLineBytes) {
          isOverlong = true
          rest = ''
        }
      }
    },
    end() {
      for (const finish of ends) finish()
    },
    take() {
      cut()
      const taken = { lines, dropped }
      lines = []
      dropped = 0
      return taken
    },
  }
}
