import { MINUTE_MS, type TimeWindow } from './window.ts'

/** No local day is longer; the longest known had 25 hours. */
const SEARCH_MINUTES = 36 * 60

/** First instant of the local day that holds `ms`, in the IANA zone `timeZone`. */
export function localDayStart(ms: number, timeZone: string): number {
  const today = localDate(ms, timeZone)
  const last = Math.floor(ms / MINUTE_MS)
  const isToday = (minute: number) => localDate(minute * MINUTE_MS, timeZone) === today
  return firstMinute(last - SEARCH_MINUTES, last, isToday) * MINUTE_MS
}

/** First instant of the local day after the one that holds `ms`: 23 to 25 hours on a change of clocks. */
export function nextLocalDayStart(ms: number, timeZone: string): number {
  const today = localDate(ms, timeZone)
  const first = Math.floor(ms / MINUTE_MS)
  const isLater = (minute: number) => localDate(minute * MINUTE_MS, timeZone) > today
  return firstMinute(first, first + SEARCH_MINUTES, isLater) * MINUTE_MS
}

/** First local midnight at or after `ms`. */
export function localDayCeil(ms: number, timeZone: string): number {
  const start = localDayStart(ms, timeZone)
  return start === ms ? ms : nextLocalDayStart(ms, timeZone)
}

/** Starts of the local days of a window that begins and ends at local midnights. */
export function localDayStarts({ fromMs, toMs }: TimeWindow, timeZone: string): number[] {
  const starts: number[] = []
  for (let ms = fromMs; ms < toMs; ms = nextLocalDayStart(ms, timeZone)) starts.push(ms)
  return starts
}

/**
 * The first minute in (from, to] for which `holds`, which stays true once it is. Midnight is searched, not
 * computed: where clocks change at midnight there is no 00:00, and offsets on both sides mislead.
 */
function firstMinute(from: number, to: number, holds: (minute: number) => boolean): number {
  let [before, after] = [from, to]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (holds(middle)) after = middle
    else before = middle
  }
  return after
}

/** `2026-03-29`: local dates sort as text. */
export const localDate = (ms: number, timeZone: string) => formatter(timeZone).format(ms)

/** Making one costs more than a thousand uses. Zones come from the configuration, so they are few. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  const made = new Intl.DateTimeFormat('en-CA', { timeZone, ...parts })
  formatters.set(timeZone, made)
  return made
}
