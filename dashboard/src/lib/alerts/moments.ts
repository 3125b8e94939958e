import { clock, day } from '#lib/time.ts'
import type { Lang } from '#lib/format.ts'

/** `02:55` of today, else `Sun 22 Nov 02:55`: the day is said where it is another one. */
export function shortMoment(ms: number, nowMs: number, lang: Lang, zone: string): string {
  const time = clock(ms, lang, zone)
  const date = day(ms, lang, zone)
  return date === day(nowMs, lang, zone) ? time : `${date} ${time}`
}
