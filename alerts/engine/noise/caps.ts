import { type AlertState, conversationKey } from '#schemas/alerts/state.ts'
import { compareSeverity, worstSeverity } from '../severity-rank.ts'
import { worstFirst } from '../../message/group.ts'
import { digest32 } from '../fingerprint.ts'
import type { Message } from './messages.ts'
import type { PlanInput } from './plan.ts'

/** Reasons that a storm of alerts makes many of; ends, repeats and escalations follow what was told. */
const CAPPED: ReadonlySet<Message['reason']> = new Set(['firing', 'more', 'worse'])

type Recent = Pick<PlanInput, 'state' | 'config' | 'nowMs'>

/** Messages of the last interval that count towards a channel's storm. */
const recentlyTold = (channel: string, { state, config, nowMs }: Recent) =>
  state.sent.filter(
    (note) =>
      note.channel === channel &&
      nowMs - note.atMs < config.grouping.interval * 1000 &&
      (CAPPED.has(note.reason) || note.reason === 'digest'),
  ).length

/** Whether a channel has had fewer messages of late than a storm is. */
export const isCalm = (channel: string, recent: Recent): boolean =>
  recentlyTold(channel, recent) < recent.config.grouping.storm

/**
 * At most `storm` messages a channel within the interval: the worst by themselves, all others in one. Urgent ones are
 * never held back; they count.
 */
export function capStorms(
  messages: readonly Message[],
  { state, config, nowMs }: Recent,
): Message[] {
  const { storm } = config.grouping
  const kept: Message[] = []
  for (const [channel, ofChannel] of Map.groupBy(messages, (message) => message.channel)) {
    const recent = recentlyTold(channel, { state, config, nowMs })
    const worst = ofChannel.toSorted(byWeight)
    const free = worst.filter(({ urgent, reason }) => urgent || !CAPPED.has(reason))
    const bound = worst.filter(({ urgent, reason }) => !urgent && CAPPED.has(reason))
    kept.push(...free)
    const room = storm - recent - free.length
    if (bound.length <= room) kept.push(...bound)
    else if (room > 0) {
      kept.push(...bound.slice(0, room - 1))
      kept.push(together('storm', channel, bound.slice(room - 1)))
    }
    // Without room they wait for the interval to pass: the state still says that they were not told.
  }
  return kept
}

const byWeight = (a: Message, b: Message) =>
  compareSeverity(b.severity, a.severity) ||
  b.alerts.length - a.alerts.length ||
  (a.group < b.group ? -1 : 1)

/** `storm` = what did not fit now; `hourly` = tickets, and pages beyond the budget. */
export type DigestKind = 'storm' | 'hourly'

export const digestGroup = (kind: DigestKind, channel: string) =>
  `grp_${digest32('digest', kind, channel)}`

/** The last digest of a channel, or null. */
export const lastDigest = (state: Pick<AlertState, 'digests'>, kind: DigestKind, channel: string) =>
  state.digests.get(conversationKey(digestGroup(kind, channel), channel)) ?? null

/** Many messages as one: it begins with the worst and counts the rest. */
export function together(kind: DigestKind, channel: string, messages: readonly Message[]): Message {
  return {
    channel,
    group: digestGroup(kind, channel),
    reason: 'digest',
    severity: worstSeverity(messages.map(({ severity }) => severity)),
    urgent: false,
    alerts: messages.flatMap(({ alerts }) => alerts),
    shown: worstFirst(messages.flatMap(({ alerts, head }) => (head === null ? alerts : [head]))),
    mention: '',
    head: null,
  }
}
