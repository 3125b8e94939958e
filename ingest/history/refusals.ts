/** What was left out of a file, by reason, with a few places to look at. */
export interface Refusals {
  add(reason: string, line: number, text: string): void
  readonly counts: ReadonlyMap<string, number>
  /** `file:line: reason: text`, the first few. */
  readonly examples: readonly string[]
}

const EXAMPLES_MAX = 5
const TEXT_CHARS = 60

export function createRefusals(file: string): Refusals {
  const counts = new Map<string, number>()
  const examples: string[] = []
  return {
    add(reason, line, text) {
      const count = counts.get(reason) ?? 0
      counts.set(reason, count + 1)
      if (count === 0 && examples.length < EXAMPLES_MAX)
        examples.push(`${file}:${line}: ${reason}: ${JSON.stringify(text.slice(0, TEXT_CHARS))}`)
    },
    counts,
    examples,
  }
}
