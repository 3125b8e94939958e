import type { PostOutcome } from '#schemas/report/post.ts'
import type { ReportDelivery } from '#schemas/report/issued.ts'

const MINUTE_MS = 60_000
/** Minutes to the next attempt after each that failed: about a day in all. */
const WAITS_MIN = [1, 5, 15, 30, 60, 120, 240, 360, 480] as const
export const ATTEMPTS_MAX = WAITS_MIN.length + 1

/** What an attempt means: accepted, tried again later, or given up. */
export function resultOf(
  tried: Pick<ReportDelivery, 'week' | 'revision' | 'recipient' | 'attempt'>,
  outcome: PostOutcome,
  nowMs: number,
): ReportDelivery {
  const { week, revision, recipient, attempt } = tried
  const base = { week, revision, recipient, attempt, at_ms: nowMs, detail: cut(outcome.detail) }
  if (outcome.kind === 'accepted') return { ...base, outcome: 'accepted', next_ms: null }
  const waitMin = WAITS_MIN[attempt - 1]
  if (outcome.kind === 'final' || waitMin === undefined)
    return { ...base, outcome: 'dead', next_ms: null }
  const waitMs = Math.max(waitMin * MINUTE_MS, outcome.waitMs ?? 0)
  return { ...base, outcome: 'failed', next_ms: nowMs + waitMs }
}

const cut = (text: string) => Array.from(text).slice(0, 400).join('')
