import { localDayStart } from '../../query/local-day.ts'

/** A moment, epoch ms, or why the text says none and what to write instead. */
export type TimeRead = { readonly ms: number } | { readonly wrong: string }

const DATE = String.raw`(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日)`
const TIME = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?`
const ZONE = String.raw`Z|[+-]\d{2}:?\d{2}`
const MOMENT = new RegExp(`^${DATE}(?:(?:T| +)${TIME} *(${ZONE})?)?$`, 'i')

/** 1990 is before any accelerator; open ends are stored as 2100-01-01. */
const FIRST_YEAR = 1990
const LAST_YEAR = 2099
const HOUR_MS = 3_600_000
const NOON_MS = 12 * HOUR_MS
/** No zone is further from UTC; a change of clocks is at most a day. */
const AROUND_MS = 26 * HOUR_MS

/**
 * Reads `2026-05-01`, `2026/5/1`, `2026年5月1日`, or one of these with a time (`2026-05-01 10:30`, with `Z` or
 * `+08:00` behind it where it is not local). A date alone is the first moment of that day in `timeZone`; a time
 * without an offset is its wall clock, and is refused where clocks were set and it is twice or never.
 */
export function readTime(text: string, timeZone: string): TimeRead {
  const match = MOMENT.exec(text.trim())
  if (match === null) return { wrong: adviceFor(text.trim()) }
  const [, year = '', , month, day, monthZh, dayZh, hour, minute, ...rest] = match
  const [second = '0', fraction = '', zone] = rest
  const date = utcDay(Number(year), Number(month ?? monthZh), Number(day ?? dayZh))
  if (date === null) return { wrong: 'there is no such day' }
  const y = Number(year)
  if (y < FIRST_YEAR || y > LAST_YEAR)
    return { wrong: `the year is not between ${FIRST_YEAR} and ${LAST_YEAR}` }
  if (hour === undefined || minute === undefined) return dayStart(date, timeZone)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    return { wrong: 'there is no such time of day' }
  const ofDay = (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1000
  const wall = date + ofDay + Number(fraction.slice(0, 3).padEnd(3, '0'))
  const offset = offsetOf(zone)
  if (offset === null) return { wrong: 'there is no such offset from UTC' }
  return offset === undefined ? wallClock(wall, timeZone) : { ms: wall - offset }
}

function adviceFor(text: string): string {
  if (/^\d{5}(\.\d+)?$/.test(text))
    return "looks like a spreadsheet's number of a day; write it as text, 2026-05-01"
  if (/^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b/.test(text))
    return 'does not say which number is the month; write 2026-05-01'
  return 'cannot be read as a date; write 2026-05-01 or 2026-05-01T10:30'
}

/** Midnight UTC of a date, or null for the 30th of February. */
function utcDay(year: number, month: number, day: number): number | null {
  const ms = Date.UTC(year, month - 1, day)
  const date = new Date(ms)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? ms : null
}

/** ms east of UTC; undefined where the text has none, null where it is impossible. */
function offsetOf(zone: string | undefined): number | undefined | null {
  if (zone === undefined) return undefined
  if (/^z$/i.test(zone)) return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))]
  if (hours > 14 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * HOUR_MS + minutes * 60_000)
}

/** Through noon, which clocks leave alone: where they change at midnight there may be no 00:00. */
function dayStart(date: number, timeZone: string): TimeRead {
  const noon = wallClock(date + NOON_MS, timeZone)
  return 'wrong' in noon ? noon : { ms: localDayStart(noon.ms, timeZone) }
}

/** The moment at which a clock on the wall shows this; `wall` is what it shows, read as if it were UTC. */
function wallClock(wall: number, timeZone: string): TimeRead {
  const offsets = new Set([
    zoneOffset(wall - AROUND_MS, timeZone),
    zoneOffset(wall + AROUND_MS, timeZone),
  ])
  const moments = [...offsets].map((offset) => wall - offset)
  const shown = moments.filter((ms) => ms + zoneOffset(ms, timeZone) === wall)
  const [only, other] = shown
  if (only === undefined)
    return { wrong: `no clock in ${timeZone} showed this time; add the offset` }
  if (other !== undefined)
    return { wrong: `clocks in ${timeZone} showed this time twice; add the offset, +02:00` }
  return { ms: only }
}

/** Formatting objects cost more than a thousand uses; zones come from the command line, so they are few. */
const formatters = new Map<string, Intl.DateTimeFormat>()

/** ms that clocks in this zone are ahead of UTC at a moment. */
function zoneOffset(ms: number, timeZone: string): number {
  let format = formatters.get(timeZone)
  if (format === undefined) {
    const two = '2-digit'
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    })
    formatters.set(timeZone, format)
  }
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'))
  return shown + of('second') * 1000 - Math.floor(ms / 1000) * 1000
}
