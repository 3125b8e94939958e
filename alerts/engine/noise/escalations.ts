import { ackOf } from '#schemas/alerts/state.ts'
import { enabledChannels } from './routes.ts'
import type { Group } from './groups.ts'
import { headOf, type Message } from './messages.ts'
import type { PlanInput } from './plan.ts'

/** The next step of each page that nobody acknowledged in time. */
export function escalations(
  groups: readonly Group[],
  { state, config, personOf, nowMs }: Pick<PlanInput, 'state' | 'config' | 'personOf' | 'nowMs'>,
): Message[] {
  if (config.escalation.length === 0) return []
  const enabled = enabledChannels(config)
  const pages = Map.groupBy(
    state.sent.filter(({ severity }) => severity === 'page'),
    ({ group }) => group,
  )
  const firstMs = new Map<string, number>()
  for (const { isOpen, severity, group, firstMs: ms } of state.conversations.values()) {
    if (!isOpen || severity !== 'page') continue
    // What began as a ticket waits for an answer since it became a page.
    const told = pages.get(group)?.find(({ atMs }) => atMs >= ms)?.atMs ?? ms
    firstMs.set(group, Math.min(told, firstMs.get(group) ?? Infinity))
  }
  return groups.flatMap((group) => {
    const toldMs = firstMs.get(group.key)
    const isFiring = group.members.some(({ alert }) => alert.state === 'firing')
    if (toldMs === undefined || group.severity !== 'page' || !isFiring) return []
    if (ackOf(state, { group: group.key, firstMs: toldMs }, nowMs) !== null) return []
    const step = config.escalation[state.escalations.get(group.key)?.steps ?? 0]
    if (step === undefined || nowMs - toldMs < step.after * 1000) return []
    return step.channels
      .filter((channel) => enabled.has(channel))
      .map((channel) => ({
        channel,
        group: group.key,
        reason: 'escalation' as const,
        severity: group.severity,
        urgent: group.urgent,
        alerts: group.members.map(({ alert }) => alert),
        toldMs,
        mention: personOf(step.person, nowMs),
        head: headOf(group),
      }))
  })
}
