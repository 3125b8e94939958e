import type { Reader } from '#schemas/ports.ts'
import { published, publishedBuckets } from './queries/published.ts'
import type { PublishedBuckets, PublishedMinutes } from './resolution.ts'
import { MINUTE_MS, type TimeWindow } from './window.ts'

/** What is settled now. */
export async function readPublished(reader: Reader): Promise<PublishedMinutes> {
  const [row] = await published.run(reader, {})
  if (row === undefined || row.minute_rows === 0) {
    return { firstMinuteMs: null, settledUntilMs: null }
  }
  return { firstMinuteMs: row.first_minute_ms, settledUntilMs: row.last_minute_ms + MINUTE_MS }
}

/** The hours and local days of a window that can be read instead of their minutes. */
export async function readPublishedBuckets(
  reader: Reader,
  window: TimeWindow,
): Promise<PublishedBuckets> {
  const rows = await publishedBuckets.run(reader, {
    from_s: window.fromMs / 1000,
    to_s: window.toMs / 1000,
  })
  const of = (resolution: '1h' | '1d') =>
    rows.flatMap((row) => (row.resolution === resolution ? row.buckets_s : [])).map((s) => s * 1000)
  return { hours: of('1h'), days: of('1d') }
}
