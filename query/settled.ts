import type { Reader } from '#schemas/ports.ts'
import { published as publishedQuery } from './queries/published.ts'
import type { Published } from './resolution.ts'
import { DAY_MS, MINUTE_MS, type TimeWindow } from './window.ts'

const NOTHING: Published = { firstMinuteMs: null, settledUntilMs: null, hours: [], days: [] }

/** What is settled now; hours and days as far as they concern `window` and two days around it. */
export async function readPublished(reader: Reader, window: TimeWindow): Promise<Published> {
  const [row] = await publishedQuery.run(reader, {
    from_s: Math.floor((window.fromMs - 2 * DAY_MS) / 1000),
    to_s: Math.ceil((window.toMs + 2 * DAY_MS) / 1000),
  })
  if (row === undefined || row.minute_rows === 0) return NOTHING
  return {
    firstMinuteMs: row.first_minute_ms,
    settledUntilMs: row.last_minute_ms + MINUTE_MS,
    hours: row.hours_s.map((seconds) => seconds * 1000),
    days: row.days_s.map((seconds) => seconds * 1000),
  }
}
