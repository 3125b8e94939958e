/** One day of a site: [startMs, endMs) in epoch ms; 23 or 25 hours long where clocks change. */
export interface LocalDay {
  /** `2026-03-29` */
  readonly date: string
  readonly startMs: number
  readonly endMs: number
}

const MINUTE_MS = 60_000
/** Longest local day: 25 hours where clocks go back; the rest is slack. */
const SEARCH_MINUTES = 36 * 60

/** The local day that holds an instant, in an IANA zone. Throws a RangeError for an unknown zone. */
export function createLocalDays(timeZone: string): (ms: number) => LocalDay {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  let last: LocalDay | null = null
  /** First whole minute after `fromMs` whose date is later than `date`, by halving: dates never fall. */
  const nextDate = (fromMs: number, date: string) => {
    let low = 0
    let high = SEARCH_MINUTES
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (format.format(fromMs + middle * MINUTE_MS) > date) high = middle
      else low = middle
    }
    return fromMs + high * MINUTE_MS
  }
  return (ms) => {
    if (last !== null && last.startMs <= ms && ms < last.endMs) return last
    const minuteMs = Math.floor(ms / MINUTE_MS) * MINUTE_MS
    const date = format.format(minuteMs)
    let earlierMs = minuteMs
    while (format.format(earlierMs) === date) earlierMs -= 12 * 3_600_000
    const startMs = nextDate(earlierMs, format.format(earlierMs))
    last = { date, startMs, endMs: nextDate(minuteMs, date) }
    return last
  }
}
