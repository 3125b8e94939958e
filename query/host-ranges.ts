interface Stem {
  readonly prefix: string
  /** Digits of the number, so that n01 and n1 stay apart. */
  readonly width: number
}

/** Longest text; what does not fit is counted behind it. */
export const HOST_RANGES_LENGTH_MAX = 400

/**
 * Node names as one hostlist: n1, n2, n3, n7 are `n[1-3,7]`. Names without a number at the end stand as they are. Cut
 * at HOST_RANGES_LENGTH_MAX with `+n` for the names that are left out.
 */
export function hostRanges(names: Iterable<string>): string {
  const groups = new Map<string, { readonly stem: Stem; readonly numbers: number[] }>()
  const plain: string[] = []
  for (const name of new Set(names)) {
    const [, prefix = '', digits = ''] = /^(.*?)(\d{1,9})$/.exec(name) ?? []
    if (digits === '') plain.push(name)
    else {
      const width = digits.length
      const key = JSON.stringify([prefix, width])
      const group = groups.get(key) ?? { stem: { prefix, width }, numbers: [] }
      groups.set(key, group)
      group.numbers.push(Number(digits))
    }
  }
  const ranges = [...groups.values()].map(({ stem, numbers }) => ({
    text: rangesOf(stem, numbers),
    count: numbers.length,
  }))
  const alone = plain.map((text) => ({ text, count: 1 }))
  return cut([...ranges, ...alone].sort((a, b) => (a.text < b.text ? -1 : 1)))
}

function rangesOf({ prefix, width }: Stem, numbers: readonly number[]): string {
  const written = (value: number) => String(value).padStart(width, '0')
  const runs: { first: number; last: number }[] = []
  for (const value of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run !== undefined && value === run.last + 1) run.last = value
    else runs.push({ first: value, last: value })
  }
  const [only] = runs
  if (runs.length === 1 && only !== undefined && only.first === only.last)
    return `${prefix}${written(only.first)}`
  const texts = runs.map(({ first, last }) =>
    first === last ? written(first) : `${written(first)}-${written(last)}`,
  )
  return `${prefix}[${texts.join(',')}]`
}

function cut(entries: readonly { readonly text: string; readonly count: number }[]): string {
  const kept: string[] = []
  let length = 0
  let left = entries.reduce((sum, { count }) => sum + count, 0)
  for (const { text, count } of entries) {
    if (length + text.length + 1 > HOST_RANGES_LENGTH_MAX) break
    kept.push(text)
    length += text.length + 1
    left -= count
  }
  if (left > 0) kept.push(`+${left}`)
  return kept.join(',')
}
