/** ISO weeks of a site: `2026-W48` is Monday 00:00 to Monday 00:00 by the site's clock. */

const DAY_MS = 86_400_000
const parts = new Map<string, Intl.DateTimeFormat>()

/** Offset of a zone from UTC at a moment, ms. */
function offsetMs(ms: number, zone: string): number {
  const known =
    parts.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  parts.set(zone, known)
  const read = new Map(known.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const of = (type: Intl.DateTimeFormatPartTypes) => read.get(type) ?? 0
  const local = Date.UTC(
    of('year'),
    of('month') - 1,
    of('day'),
    of('hour'),
    of('minute'),
    of('second'),
  )
  return local - Math.floor(ms / 1000) * 1000
}

/** The moment at which the site's clock shows `localMs` (as if it were UTC); of two the first. */
export function fromLocal(localMs: number, zone: string): number {
  const guess = localMs - offsetMs(localMs, zone)
  const other = localMs - offsetMs(guess, zone)
  return other + offsetMs(other, zone) === localMs ? other : guess
}

/** What the site's clock shows at a moment, as if it were UTC. */
export const toLocal = (ms: number, zone: string) => ms + offsetMs(ms, zone)

/** Monday 00:00 UTC of the first ISO week of a year: the week with 4 January. */
function firstMonday(year: number): number {
  const fourth = Date.UTC(year, 0, 4)
  const weekday = (new Date(fourth).getUTCDay() + 6) % 7
  return fourth - weekday * DAY_MS
}

/** The window of `2026-W48`; null for text that names no week. */
export function weekWindow(week: string, zone: string): { fromMs: number; toMs: number } | null {
  const match = /^(\d{4})-W(\d{2})$/.exec(week)
  if (match === null) return null
  const [year, number] = [Number(match[1]), Number(match[2])]
  const monday = firstMonday(year) + (number - 1) * 7 * DAY_MS
  if (number < 1 || monday >= firstMonday(year + 1)) return null
  return { fromMs: fromLocal(monday, zone), toMs: fromLocal(monday + 7 * DAY_MS, zone) }
}

/** The ISO week of a moment, `back` weeks before. */
export function weekOf(ms: number, zone: string, back = 0): string {
  const day = Math.floor(toLocal(ms, zone) / DAY_MS) * DAY_MS - back * 7 * DAY_MS
  const weekday = (new Date(day).getUTCDay() + 6) % 7
  const thursday = new Date(day + (3 - weekday) * DAY_MS)
  const year = thursday.getUTCFullYear()
  const number = 1 + Math.round((day - weekday * DAY_MS - firstMonday(year)) / (7 * DAY_MS))
  return `${year}-W${String(number).padStart(2, '0')}`
}
