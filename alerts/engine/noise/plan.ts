import type { Alert, Notification } from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import {
  ackOf,
  type AlertState,
  type Conversation,
  conversationKey,
} from '#schemas/alerts/state.ts'
import type { MessageGroup } from '../../message/group.ts'
import type { ChildrenOf } from '../places.ts'
import { compareSeverity } from '../severity-rank.ts'
import { capStorms, isCalm, lastDigest } from './caps.ts'
import { digests } from './digests.ts'
import { escalations } from './escalations.ts'
import { type Group, groupAlerts } from './groups.ts'
import { headOf, type Message, notificationOf, type RenderLines } from './messages.ts'
import { operationsOf, ownerRoute, readsDigests, routeOf } from './routes.ts'

/** A held alert is told when it stays so: one late answer is no news. */
const HELD_AFTER_MS = 120_000

export interface PlanInput {
  readonly state: AlertState
  readonly config: AlertsConfig
  readonly ruleOf: (name: string) => Rule | null
  readonly childrenOf: ChildrenOf
  /** Who is on call at a moment, `next` after them, or the person named; empty = nobody. */
  readonly personOf: (which: string, atMs: number) => string
  readonly render: RenderLines
  readonly ruleWords: MessageGroup['ruleWords']
  readonly nowMs: number
}

/**
 * What people are to be told now, given what they were told: a function of state and time alone, so that whoever takes
 * over after a crash queues what the one before had not.
 */
export function planNotifications(input: PlanInput): Notification[] {
  const { state, config, nowMs } = input
  const { groups, alive } = groupAlerts(state, {
    ruleOf: input.ruleOf,
    ownerOf: (alert) => ownerRoute(config, alert),
    childrenOf: input.childrenOf,
  })
  const wanted = groups.flatMap((group) => messagesOf(group, input))
  const budget = withinBudget(wanted, input)
  const told = [
    ...capStorms(budget.messages, input),
    ...digests([...budget.spilled, ...groups.flatMap((group) => ticketsOf(group, input))], input),
    ...ended(alive, input),
    ...escalations(groups, input),
  ]
  const from = { nowMs, last: state.last, render: input.render, ruleWords: input.ruleWords }
  return told.map((message) => notificationOf(message, from))
}

/** Messages of one group that are due, one a channel. */
function messagesOf(group: Group, input: PlanInput): Message[] {
  const { config } = input
  const routed =
    group.owner === null
      ? routeOf(config, { ...group, rule: group.rule.name })
      : { channels: group.owner.channels, mentionsOnCall: false }
  const onCall =
    routed.mentionsOnCall && group.severity === 'page' ? input.personOf('on_call', input.nowMs) : ''
  return routed.channels.flatMap((channel) => {
    if (isDigested(group, channel, config)) return []
    const due = dueReason(group, channel, input)
    if (due === null) return []
    if ((due === 'firing' || due === 'more') && wasDigested(group, channel, input)) return []
    return { ...messageOf(group, channel, due), mention: onCall }
  })
}

/** Tickets of a group that wait for a channel's digest. */
function ticketsOf(group: Group, { config }: PlanInput): Message[] {
  if (group.owner !== null || group.severity !== 'ticket') return []
  return routeOf(config, { ...group, rule: group.rule.name })
    .channels.filter((channel) => isDigested(group, channel, config))
    .map((channel) => messageOf(group, channel, 'digest'))
}

const isDigested = (group: Group, channel: string, config: AlertsConfig) =>
  group.owner === null &&
  group.severity === 'ticket' &&
  !group.urgent &&
  readsDigests(config, channel)

function messageOf(group: Group, channel: string, reason: Notification['reason']): Message {
  return {
    channel,
    group: group.key,
    reason,
    severity: group.severity,
    urgent: group.urgent,
    alerts: group.members.map(({ alert }) => alert),
    mention: '',
    head: headOf(group),
  }
}

/** Why a channel is to be told of a group now; null = it is not. */
function dueReason(group: Group, channel: string, input: PlanInput): Notification['reason'] | null {
  const { config, state, nowMs } = input
  const before = state.conversations.get(conversationKey(group.key, channel))
  const { wait, interval, repeat } = config.grouping
  const firing = group.members.filter(({ alert }) => alert.state === 'firing')
  if (before === undefined || !before.isOpen)
    return firing.length > 0 && isFirstDue(group, before, config, nowMs) ? 'firing' : null
  if (firing.length > 0 && compareSeverity(group.severity, before.severity) > 0) return 'worse'
  const sinceMs = nowMs - before.atMs
  if (firing.length === 0) {
    if (before.reason === 'held') return null
    const heldMs = Math.max(0, ...group.members.map(({ newsMs }) => newsMs))
    return nowMs - heldMs >= HELD_AFTER_MS ? 'held' : null
  }
  const isDue = sinceMs >= (group.urgent ? wait : interval) * 1000
  if (before.reason === 'held') return isDue ? 'firing' : null
  const hasMore = firing.some(
    ({ news, alert }) => news > before.told && !before.fingerprints.includes(alert.fingerprint),
  )
  // Another leak is news of its own: it waits only where a storm would come of it.
  if (hasMore) return isDue || (group.urgent && isCalm(channel, input)) ? 'more' : null
  const isRepeated = group.severity === 'page' || group.severity === 'warn'
  if (!isRepeated || sinceMs < repeat * 1000 || ackOf(state, before, nowMs) !== null) return null
  return 'repeat'
}

/** Whether the first message of an episode is due: after the group's wait, and not right after the last one ended. */
function isFirstDue(
  group: Group,
  before: Conversation | undefined,
  { grouping: { wait, interval } }: AlertsConfig,
  nowMs: number,
): boolean {
  const isAtOnce = group.urgent || group.rule.lane === 'event'
  if (!isAtOnce && nowMs - group.firstMs < wait * 1000) return false
  const isSoonAgain = before !== undefined && nowMs - before.atMs < interval * 1000
  return !isSoonAgain || group.severity === 'page'
}

/** Whether all of a group's news was in a digest, because it was due when that was made. */
function wasDigested(group: Group, channel: string, { state, config }: PlanInput): boolean {
  const before = state.conversations.get(conversationKey(group.key, channel))
  const isIn = (digest: { readonly told: number; readonly atMs: number } | null) =>
    digest !== null &&
    digest.told >= group.news &&
    ((before?.isOpen ?? false) || isFirstDue(group, before, config, digest.atMs))
  if (isIn(lastDigest(state, 'storm', channel))) return true
  if (group.severity !== 'page' || group.urgent || before?.isOpen === true) return false
  const operations = operationsOf(config)
  const spilledTo = operations.length > 0 ? operations : [channel]
  return spilledTo.some((one) => {
    const digest = lastDigest(state, 'hourly', one)
    return isIn(digest) && isSpent(state, config, digest?.atMs ?? 0)
  })
}

/** Pages beyond the budget of the day leave by digest, unless their rule is urgent. */
function withinBudget(
  messages: readonly Message[],
  { state, config, nowMs }: PlanInput,
): { readonly messages: Message[]; readonly spilled: Message[] } {
  const { pages } = config.page_budget
  const spent = pagesSpent(state, config, nowMs)
  const kept: Message[] = []
  const spilled: Message[] = []
  const byDollars = messages.toSorted((a, b) => usdOf(b) - usdOf(a))
  for (const message of byDollars) {
    const isCounted = message.severity === 'page' && !message.urgent && isFirst(message.reason)
    if (isCounted && !spent.has(message.group) && spent.size >= pages) {
      const channels = operationsOf(config)
      const to = channels.length > 0 ? channels : [message.channel]
      for (const channel of to) spilled.push({ ...message, channel, reason: 'digest' })
      continue
    }
    if (isCounted) spent.add(message.group)
    kept.push(message)
  }
  return { messages: kept, spilled }
}

/** Groups that took a page of the budget in the time before a moment. */
function pagesSpent(
  state: AlertState,
  { page_budget: { within } }: AlertsConfig,
  atMs: number,
): Set<string> {
  const counted = state.sent.filter(
    (note) =>
      note.severity === 'page' &&
      !note.urgent &&
      isFirst(note.reason) &&
      note.atMs <= atMs &&
      atMs - note.atMs < within * 1000,
  )
  return new Set(counted.map(({ group }) => group))
}

const isSpent = (state: AlertState, config: AlertsConfig, atMs: number) =>
  pagesSpent(state, config, atMs).size >= config.page_budget.pages

const isFirst = (reason: Notification['reason']) => reason === 'firing' || reason === 'worse'
const usdOf = ({ alerts }: Message) =>
  alerts.reduce((sum, { reading }) => sum + (reading.usd_per_hour ?? 0), 0)

/** Conversations whose alerts have all ended. */
function ended(alive: ReadonlySet<string>, { state }: PlanInput): Message[] {
  const messages: Message[] = []
  for (const {
    isOpen,
    group,
    channel,
    severity,
    urgent,
    fingerprints,
  } of state.conversations.values()) {
    if (!isOpen || alive.has(group)) continue
    const alerts = fingerprints.flatMap((one): Alert[] => {
      const known = state.alerts.get(one)
      return known === undefined ? [] : [known.alert]
    })
    const base = { channel, group, severity, urgent, alerts, mention: '', head: null }
    messages.push({ ...base, reason: 'resolved' })
  }
  return messages
}
