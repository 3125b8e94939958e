/** Which of day and month comes first where the year does not: 03/04/2026. */
export const DATE_ORDERS = ['ymd', 'dmy', 'mdy'] as const
export type DateOrder = (typeof DATE_ORDERS)[number]

/** Why a text is no instant: a fixed list, so counters of refusals stay few. */
export type TimeRefusal = 'no_time' | 'no_time_zone' | 'ambiguous_time'

export interface TimeOptions {
  /** IANA zone of wall times that do not carry an offset; null = such times are refused. */
  readonly zone: string | null
  readonly order: DateOrder
}

/** Epoch ms of a text, or why it is none. */
export type TimeReader = (text: string) => number | TimeRefusal

const PATTERNS: Readonly<Record<DateOrder, RegExp>> = {
  ymd: /^(?<year>\d{4})[-/.年](?<month>\d{1,2})[-/.月](?<day>\d{1,2})日?/,
  dmy: /^(?<day>\d{1,2})[-/.](?<month>\d{1,2})[-/.](?<year>\d{4})/,
  mdy: /^(?<month>\d{1,2})[-/.](?<day>\d{1,2})[-/.](?<year>\d{4})/,
}
const CLOCK =
  /^(?:[T ]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?)?(?: ?(?<half>[AaPp][Mm]))?(?: ?(?<zone>Z|z|UTC|[+-]\d{2}:?\d{2}))?$/
const TEXT_CHARS = 64

/** Whether a text is a time zone of this machine's tables. */
export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/**
 * Reads the times that exports and tools write: ISO 8601, `2026/03/29 01:30`, day or month first, AM and PM, seconds or
 * milliseconds since 1970. A wall time that the zone left out (spring) is no time, one it had twice (autumn) is ambiguous:
 * neither is guessed.
 */
export function createTimeReader({ zone, order }: TimeOptions): TimeReader {
  const toUtc = zone === null ? null : createWallClock(zone)
  return (text) => {
    const plain = text.trim()
    if (plain.length > TEXT_CHARS) return 'no_time'
    if (/^\d{9,10}(\.\d{1,6})?$/.test(plain)) return Math.round(Number(plain) * 1000)
    if (/^\d{12,13}$/.test(plain)) return Number(plain)
    const [date, fields] = dateOf(plain, order)
    const clock = date === null ? null : CLOCK.exec(plain.slice(date.length))
    if (clock === null || fields === null) return 'no_time'
    const wallMs = wallOf(fields, clock.groups ?? {})
    if (wallMs === null) return 'no_time'
    const offset = offsetOf(clock.groups?.['zone'])
    if (offset !== null) return wallMs - offset
    return toUtc === null ? 'no_time_zone' : toUtc(wallMs)
  }
}

type Groups = Readonly<Record<string, string | undefined>>

/** A date that starts with its year is taken as such whatever the order is. */
function dateOf(text: string, order: DateOrder): readonly [string, Groups] | [null, null] {
  const found = PATTERNS.ymd.exec(text) ?? PATTERNS[order].exec(text)
  return found === null ? [null, null] : [found[0], found.groups ?? {}]
}

function wallOf(date: Groups, clock: Groups): number | null {
  const [year, month, day] = [date['year'], date['month'], date['day']].map(Number)
  const [minute, second] = [clock['minute'] ?? '0', clock['second'] ?? '0'].map(Number)
  const hour = hourOf(Number(clock['hour'] ?? 0), clock['half']?.toLowerCase())
  const ms = Math.round(Number(`0.${clock['fraction'] ?? '0'}`) * 1000)
  if (year === undefined || month === undefined || day === undefined || hour === null) return null
  if (minute === undefined || second === undefined || minute > 59 || second > 59) return null
  const midnightMs = Date.UTC(year, month - 1, day)
  const real = new Date(midnightMs)
  // 31 April would be 1 May.
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) return null
  return midnightMs + ((hour * 60 + minute) * 60 + second) * 1000 + ms
}

function hourOf(hour: number, half: string | undefined): number | null {
  if (half === undefined) return hour <= 23 ? hour : null
  if (hour < 1 || hour > 12) return null
  return (hour % 12) + (half === 'pm' ? 12 : 0)
}

function offsetOf(zone: string | undefined): number | null {
  if (zone === undefined) return null
  if (/^(z|utc)$/i.test(zone)) return 0
  const sign = zone.startsWith('-') ? -1 : 1
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000
}

const DAY_MS = 86_400_000
/** Clocks change on a quarter of an hour, in every zone since 2011. */
const QUARTER_MS = 900_000
const QUARTERS_KEPT = 20_000

/** Wall time of a zone -> epoch ms; answers are kept by quarter of an hour, since asking the zone's table costs 10 µs. */
function createWallClock(zone: string): (wallMs: number) => number | TimeRefusal {
  const offsetAt = createOffsets(zone)
  const known = new Map<number, number | TimeRefusal>()
  return (wallMs) => {
    const quarter = Math.floor(wallMs / QUARTER_MS)
    let offset = known.get(quarter)
    if (offset === undefined) {
      const near = new Set([offsetAt(wallMs - DAY_MS), offsetAt(wallMs + DAY_MS)])
      const fitting = [...near].filter((one) => offsetAt(wallMs - one) === one)
      offset = fitting.length > 1 ? 'ambiguous_time' : (fitting[0] ?? 'no_time')
      if (known.size >= QUARTERS_KEPT) known.clear()
      known.set(quarter, offset)
    }
    return typeof offset === 'number' ? wallMs - offset : offset
  }
}

/** How far a zone is ahead of UTC at an instant, ms. */
function createOffsets(zone: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat('en-u-hc-h23', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (atMs) => {
    const parts = new Map(
      format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
    )
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
    const wallMs = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    )
    return wallMs - Math.floor(atMs / 1000) * 1000
  }
}
