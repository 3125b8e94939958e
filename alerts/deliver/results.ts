import { type DeliveryResult, GONE } from '#schemas/alerts/alert.ts'
import type { ChannelConfig } from '#schemas/alerts/channel-config.ts'
import type { Attempt } from './attempt.ts'
import { isFast, nextAttemptMs } from './ladder.ts'
import { isOver, type OutboxItem } from './outbox.ts'
import { chainOf } from './plan.ts'

/** As if a receiver had said never: a channel that is not tried at all. */
export const ended = (why: string): Attempt => ({
  verdict: { kind: 'final', detail: why, isGone: false },
  status: null,
})

/** The result of an attempt that is not made again. */
function baseResult(
  item: OutboxItem,
  channel: string,
  { verdict, status, startMs }: Attempt & { readonly startMs: number },
): DeliveryResult {
  const isGone = verdict.kind === 'final' && verdict.isGone
  return {
    id: item.notification.id,
    channel,
    at_ms: startMs,
    attempt: (item.tries.get(channel)?.count ?? 0) + 1,
    outcome: verdict.kind === 'accepted' ? 'accepted' : 'failed',
    status,
    detail: `${isGone ? GONE : ''}${verdict.detail}`.slice(0, 512),
    next_ms: null,
    receipt: verdict.kind === 'accepted' ? verdict.receipt : '',
  }
}

/** The result of an attempt: with its next time, or dead when no channel of the chain has any left. */
export function resultOf(
  item: OutboxItem,
  channel: string,
  made: Attempt & { readonly startMs?: number },
  now: {
    readonly nowMs: number
    readonly random: number
    readonly channels: ReadonlyMap<string, ChannelConfig>
  },
): DeliveryResult {
  const startMs = made.startMs ?? now.nowMs
  const base = baseResult(item, channel, { ...made, startMs })
  const { verdict } = made
  if (verdict.kind === 'accepted' || item.notification.reason === 'test') return base
  const next =
    verdict.kind === 'final'
      ? null
      : nextAttemptMs({
          isFast: isFast(item.notification),
          firstMs: item.tries.get(channel)?.firstMs ?? startMs,
          nowMs: now.nowMs,
          waitMs: verdict.waitMs,
          random: now.random,
        })
  if (next !== null) return { ...base, next_ms: next }
  const others = chainOf(item, now).filter((one) => one !== channel)
  const isLast = !item.isTaken && others.every((one) => isOver(item.tries.get(one)))
  return isLast ? { ...base, outcome: 'dead' } : base
}
