import type { Notification } from '#schemas/alerts/alert.ts'

/** Since the first attempt, seconds. A page is worth trying often while it can still help. */
const FAST_S = [0, 5, 15, 45, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 21_600]
/** As Standard Webhooks 1.0.0 proposes for all else. */
const SLOW_S = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
/** A page that its channel did not take for so long goes to the next channel too. */
export const FAILOVER_MS = 180_000
const JITTER_MS_MAX = 30_000

export const isFast = ({ severity, urgent }: Pick<Notification, 'severity' | 'urgent'>) =>
  severity === 'page' || urgent

/** When an attempt that failed is made again, epoch ms; null = by itself never. */
export function nextAttemptMs(tried: {
  readonly isFast: boolean
  /** Start of the first attempt. */
  readonly firstMs: number
  readonly nowMs: number
  /** What the receiver asked for, ms. */
  readonly waitMs: number | null
  /** 0..1. */
  readonly random: number
}): number | null {
  const { firstMs, nowMs, waitMs, random } = tried
  const ladder = tried.isFast ? FAST_S : SLOW_S
  const step = ladder.find((seconds) => firstMs + seconds * 1000 > nowMs)
  if (step === undefined) return null
  const offset = step * 1000
  // Never exactly on the step: receivers that were down would meet everybody at once.
  const planned = firstMs + offset + random * Math.min(JITTER_MS_MAX, offset * 0.2)
  const asked = waitMs === null ? 0 : nowMs + waitMs * (1 + 0.1 * random)
  return Math.ceil(Math.max(planned, asked))
}
