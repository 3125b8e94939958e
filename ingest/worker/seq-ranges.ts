/** Closed ranges of sequence numbers, merged where they touch, in order. */
export interface SeqRange {
  readonly from: number
  readonly to: number
}

export interface SeqRanges {
  add(from: number, to: number): void
  has(seq: number): boolean
  /** The parts of [from, to] that are not in the set. */
  missing(from: number, to: number): readonly SeqRange[]
  /** Highest n such that all of 1..n are in the set; 0 when 1 is not. */
  contiguous(): number
  /** Highest member, 0 when empty. */
  last(): number
  readonly ranges: readonly SeqRange[]
}

/** A set of positive integers that is mostly one range: kept as sorted ranges, searched by halving. */
export function createSeqRanges(): SeqRanges {
  const ranges: { from: number; to: number }[] = []

  /** Index of the first range whose end is at or after `seq`. */
  const search = (seq: number) => {
    let low = 0
    let high = ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((ranges[middle]?.to ?? Infinity) < seq) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    add(from, to) {
      const start = search(from - 1)
      let end = start
      let merged = { from, to }
      for (; end < ranges.length; end += 1) {
        const range = ranges[end]
        if (range === undefined || range.from > to + 1) break
        merged = { from: Math.min(merged.from, range.from), to: Math.max(merged.to, range.to) }
      }
      ranges.splice(start, end - start, merged)
    },
    has(seq) {
      const range = ranges[search(seq)]
      return range !== undefined && range.from <= seq
    },
    missing(from, to) {
      const holes: SeqRange[] = []
      let next = from
      for (let index = search(from); index < ranges.length && next <= to; index += 1) {
        const range = ranges[index]
        if (range === undefined || range.from > to) break
        if (range.from > next) holes.push({ from: next, to: range.from - 1 })
        next = Math.max(next, range.to + 1)
      }
      if (next <= to) holes.push({ from: next, to })
      return holes
    },
    contiguous: () => (ranges[0]?.from === 1 ? ranges[0].to : 0),
    last: () => ranges.at(-1)?.to ?? 0,
    ranges,
  }
}
