import type { Message } from './messages.ts'
import { lastDigest, together } from './caps.ts'
import type { PlanInput } from './plan.ts'

/** Between two digests of a channel. */
export const DIGEST_EVERY_MS = 3_600_000
/** What is new waits this long for others before the first digest. */
const DIGEST_WAIT_MS = 10 * 60_000

/** One digest for each channel that has something new and had none for an hour; dearest first. */
export function digests(
  messages: readonly Message[],
  { state, nowMs }: Pick<PlanInput, 'state' | 'nowMs'>,
): Message[] {
  const due: Message[] = []
  for (const [channel, ofChannel] of Map.groupBy(messages, (message) => message.channel)) {
    const before = lastDigest(state, 'hourly', channel)
    if (before !== null && nowMs - before.atMs < DIGEST_EVERY_MS) continue
    const fresh = ofChannel.flatMap((message) => {
      const alerts = message.alerts.filter(({ fingerprint }) => {
        const known = state.alerts.get(fingerprint)
        return known !== undefined && known.news > (before?.told ?? 0)
      })
      return alerts.length === 0 ? [] : { ...message, alerts }
    })
    const oldest = Math.min(
      ...fresh.flatMap(({ alerts }) =>
        alerts.map(({ fingerprint }) => state.alerts.get(fingerprint)?.newsMs ?? nowMs),
      ),
    )
    const isPage = fresh.some(({ severity }) => severity === 'page')
    if (fresh.length > 0 && (isPage || nowMs - oldest >= DIGEST_WAIT_MS))
      due.push(together('hourly', channel, fresh))
  }
  return due
}
