import { intlTag, MISSING, type Lang } from '#lib/format.ts'

/** Moments as text, always in the site's time zone; whoever prints one names the zone once per page. */

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(lang: Lang, zone: string, options: Intl.DateTimeFormatOptions) {
  const key = `${lang}|${zone}|${JSON.stringify(options)}`
  const known = formatters.get(key)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat(intlTag(lang), {
    timeZone: zone,
    hourCycle: 'h23',
    ...options,
  })
  formatters.set(key, made)
  return made
}

/** RFC 3339 text or epoch ms to epoch ms; null for null and for text that is no time. */
export function epochMs(value: string | number | null | undefined): number | null {
  if (value === null || value === undefined) return null
  const ms = typeof value === 'number' ? value : Date.parse(value)
  return Number.isFinite(ms) ? ms : null
}

/** `14:05`. */
export function clock(ms: number | null, lang: Lang, zone: string): string {
  if (ms === null) return MISSING
  return formatter(lang, zone, { hour: '2-digit', minute: '2-digit' }).format(ms)
}

/** `14:05:09`. */
export function clockSeconds(ms: number | null, lang: Lang, zone: string): string {
  if (ms === null) return MISSING
  return formatter(lang, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms)
}

/** `Sat 22 Nov` / `11月22日周六`. */
export function day(ms: number | null, lang: Lang, zone: string): string {
  if (ms === null) return MISSING
  return formatter(lang, zone, { weekday: 'short', day: 'numeric', month: 'short' }).format(ms)
}

/** `1–22 Nov 2026` / `2026年11月1日 – 2026年11月22日`: days with their year, both ends included. */
export function days(
  range: { readonly fromMs: number | null; readonly lastMs: number | null },
  lang: Lang,
  zone: string,
): string {
  const { fromMs, lastMs } = range
  if (fromMs === null || lastMs === null) return MISSING
  const dates = formatter(lang, zone, { year: 'numeric', month: 'short', day: 'numeric' })
  if (lang === 'en') return dates.formatRange(fromMs, Math.max(fromMs, lastMs))
  // A range in Chinese would be written with strokes, unlike every other date.
  const [from, last] = [dates.format(fromMs), dates.format(Math.max(fromMs, lastMs))]
  return from === last ? from : `${from} – ${last}`
}

/** `22 Nov 2026, 14:05:09`. */
export function dateTime(ms: number | null, lang: Lang, zone: string): string {
  if (ms === null) return MISSING
  return formatter(lang, zone, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(ms)
}

/** `Asia/Shanghai, UTC+8`: the label that makes every clock time on a page exact. */
export function zoneLabel(zone: string, atMs: number): string {
  if (zone === 'UTC') return 'UTC'
  const offset = formatter('en', zone, { timeZoneName: 'shortOffset' })
    .formatToParts(atMs)
    .find((part) => part.type === 'timeZoneName')
  return `${zone}, ${(offset?.value ?? 'UTC').replace('GMT', 'UTC')}`
}

/** A zone name the browser knows, else UTC: a wrong name must not blank the page. */
export function knownZone(zone: string): string {
  try {
    formatter('en', zone, {})
    return zone
  } catch {
    return 'UTC'
  }
}
