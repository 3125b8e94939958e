import type { Reader } from '#schemas/ports.ts'
import { published, publishedBuckets } from './queries/published.ts'
import type { PublishedBuckets, PublishedMinutes } from './resolution.ts'
import { MINUTE_MS, WINDOW_MS_MAX } from './window.ts'

/** What is settled now. */
export async function readPublished(reader: Reader): Promise<PublishedMinutes> {
  const [row] = await published.run(reader, {})
  if (row === undefined || row.minute_rows === 0) {
    return { firstMinuteMs: null, settledUntilMs: null }
  }
  return { firstMinuteMs: row.first_minute_ms, settledUntilMs: row.last_minute_ms + MINUTE_MS }
}

/** The hours and local days that can be read instead of their minutes, of the longest window from now back. */
export async function readPublishedBuckets(
  reader: Reader,
  nowMs: number,
): Promise<PublishedBuckets> {
  const rows = await publishedBuckets.run(reader, {
    from_s: Math.floor((nowMs - WINDOW_MS_MAX) / 1000),
    to_s: Math.ceil(nowMs / 1000),
  })
  const of = (resolution: string) =>
    new Set(
      rows
        .flatMap((row) => (row.resolution === resolution ? row.buckets_s : []))
        .map((seconds) => seconds * 1000),
    )
  return {
    hours: of('1h'),
    days: of('1d'),
    nodeHours: of('1h_node'),
    nodeDays: of('1d_node'),
  }
}
