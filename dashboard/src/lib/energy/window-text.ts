import type { Lang } from '#lib/format.ts'
import { clock, day, days, epochMs } from '#lib/time.ts'

/** Longer windows are told with their years instead of clock times. */
const LONG_MS = 180 * 86_400_000

/** `Sun 22 Nov 20:15`. */
export const momentText = (ms: number | null, lang: Lang, zone: string): string =>
  `${day(ms, lang, zone)} ${clock(ms, lang, zone)}`

/** What a window of an answer is called, in the site's time. */
export function windowText(
  { from, to }: { readonly from: string; readonly to: string },
  lang: Lang,
  zone: string,
): string {
  const [fromMs, toMs] = [epochMs(from), epochMs(to)]
  if (fromMs === null || toMs === null || toMs - fromMs < LONG_MS)
    return `${momentText(fromMs, lang, zone)} – ${momentText(toMs, lang, zone)}`
  return days({ fromMs, lastMs: toMs - 1 }, lang, zone)
}
