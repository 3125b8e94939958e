import { PlimsollError } from '#schemas/errors.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
/** Longest question: a year and its season before. */
export const WINDOW_MS_MAX = 400 * DAY_MS
const DEFAULT_WINDOW_MS = DAY_MS
/** 2000-01-01: smaller numbers are epoch seconds sent by mistake. */
const EARLIEST_MS = 946_684_800_000

/** Half-open [fromMs, toMs), whole minutes, epoch ms. */
export interface TimeWindow {
  readonly fromMs: number
  readonly toMs: number
}

export const floorMinute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS

/**
 * The effective window of a question. Default `to` is what is settled (now, floored, when nothing is),
 * default `from` 24 h before. A `to` in the future ends at the running minute. Throws E_RANGE_INVALID.
 */
export function effectiveWindow(
  asked: { readonly from?: string | undefined; readonly to?: string | undefined },
  settledUntilMs: number | null,
  nowMs: number,
): TimeWindow {
  const now = floorMinute(nowMs)
  const to = asked.to === undefined ? (settledUntilMs ?? now) : floorMinute(parseTime(asked.to))
  const toMs = Math.min(to, now)
  const fromMs =
    asked.from === undefined ? toMs - DEFAULT_WINDOW_MS : floorMinute(parseTime(asked.from))
  if (fromMs >= toMs) {
    throw new PlimsollError('E_RANGE_INVALID', `from ${iso(fromMs)} is not before to ${iso(toMs)}`)
  }
  if (toMs - fromMs > WINDOW_MS_MAX) {
    throw new PlimsollError('E_RANGE_INVALID', 'a window is at most 400 days long')
  }
  return { fromMs, toMs }
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i

/** RFC 3339, seconds may be left out, or epoch ms. Throws E_RANGE_INVALID. */
export function parseTime(text: string): number {
  const ms = /^\d{1,16}$/.test(text)
    ? Number(text)
    : RFC3339.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (ms >= EARLIEST_MS && ms < 8.64e15) return ms
  throw new PlimsollError(
    'E_RANGE_INVALID',
    `${JSON.stringify(text.slice(0, 60))} is neither RFC 3339 (2026-05-01T00:00:00Z) nor epoch milliseconds`,
  )
}

export const iso = (ms: number) => new Date(ms).toISOString()
export const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms))
