/** Bounds on one output of a tool. */
export const TEXT_LIMITS = { bytes: 8 << 20, lines: 200_000, lineChars: 4096 } as const

/** Why bytes or lines were left out. */
export type TextRefusal = 'too_many_bytes' | 'too_many_lines' | 'line_too_long'

const ESCAPE = String.fromCharCode(27)
/** Colour codes survive in pasted terminal captures. */
const ANSI_SEQUENCE = new RegExp(ESCAPE + String.raw`\[[0-9;?]*[A-Za-z]`, 'g')

/**
 * Splits any bytes into lines, never throwing: bytes beyond the limit, over-long lines and lines beyond
 * the limit are handed to `refuse` and left out. Invalid UTF-8 becomes replacement characters.
 */
export function textLines(
  bytes: Uint8Array,
  refuse: (line: string, reason: TextRefusal) => void,
): string[] {
  if (bytes.length > TEXT_LIMITS.bytes)
    refuse(`${bytes.length} bytes, read ${TEXT_LIMITS.bytes}`, 'too_many_bytes')
  const text = new TextDecoder().decode(bytes.subarray(0, TEXT_LIMITS.bytes))
  const lines: string[] = []
  let start = 0
  while (start < text.length) {
    if (lines.length >= TEXT_LIMITS.lines) {
      refuse(text.slice(start, start + TEXT_LIMITS.lineChars), 'too_many_lines')
      break
    }
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    if (end - start > TEXT_LIMITS.lineChars)
      refuse(text.slice(start, start + TEXT_LIMITS.lineChars), 'line_too_long')
    else lines.push(cleanLine(text.slice(start, end)))
    start = end + 1
  }
  return lines
}

function cleanLine(line: string): string {
  const bare = line.endsWith('\r') ? line.slice(0, -1) : line
  return bare.includes(ESCAPE) ? bare.replace(ANSI_SEQUENCE, '') : bare
}
