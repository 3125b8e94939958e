import type { Alert } from '#schemas/alerts/alert.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import { ALERT_LABELS, type AlertLabels, type AlertSeverity } from '#schemas/alerts/severity.ts'
import type { AlertState, KnownAlert } from '#schemas/alerts/state.ts'
import { digest32, labelsKey } from '../fingerprint.ts'
import { worstSeverity } from '../severity-rank.ts'
import type { OwnerRoute } from './routes.ts'

/** A parent's children beyond this number, or share of those it has, become one message. */
const CHILDREN_MIN = 5
const CHILDREN_RATIO = 0.3

/** Alerts that are one conversation with people. */
export interface Group {
  readonly key: string
  readonly rule: Rule
  /** Labels that all its open members share: the common parent of many. */
  readonly labels: AlertLabels
  /** Those that fire or are held and that people may be told of. */
  readonly members: readonly KnownAlert[]
  readonly severity: AlertSeverity
  readonly urgent: boolean
  readonly usdPerHour: number
  /** When the first of them began to fire or to be told. */
  readonly firstMs: number
  /** Newest news of its members, as a sequence of the journal. */
  readonly news: number
  /** Set = a notice to those who hold the devices, on these channels. */
  readonly owner: OwnerRoute | null
}

/** Conversations that an alert of a rule can be in: its own group, or the one of many together. */
export const conversationsOf = (rule: Rule, labels: AlertLabels): readonly string[] => [
  groupKey(rule.name, labelsKey(placeOf(rule, labels))),
  togetherKey(rule.name),
]

export interface Grouped {
  readonly groups: readonly Group[]
  /** Groups with an open alert, told of or not: their conversations are not over. */
  readonly alive: ReadonlySet<string>
}

const groupKey = (...words: readonly string[]) => `grp_${digest32(...words)}`
const togetherKey = (rule: string) => groupKey(rule, 'together')

/** Fold of alerts into groups: by rule and its labels, many groups of one rule into one, and notices to owners. */
export function groupAlerts(
  state: AlertState,
  from: {
    readonly ruleOf: (name: string) => Rule | null
    readonly ownerOf: (alert: Alert) => OwnerRoute | null
    /** How many children a parent has; null = not known. */
    readonly childrenOf: (label: keyof AlertLabels, parent: AlertLabels) => number | null
  },
): Grouped {
  const byKey = new Map<string, Draft>()
  const alive = new Set<string>()
  const add = (key: string, draft: Omit<Draft, 'members'>, known: KnownAlert) => {
    alive.add(key)
    if (known.alert.suppressed !== undefined || known.alert.mode === 'observing') return
    const found = byKey.get(key)
    if (found === undefined) byKey.set(key, { ...draft, members: [known] })
    else found.members.push(known)
  }
  for (const known of state.alerts.values()) {
    const { alert } = known
    const rule = from.ruleOf(alert.rule)
    if (rule === null || (alert.state !== 'firing' && alert.state !== 'held')) continue
    const place = placeOf(rule, alert.labels)
    const key = groupKey(rule.name, labelsKey(place))
    add(key, { rule, owner: null }, known)
    const owner = from.ownerOf(alert)
    if (owner !== null) {
      const tenant = alert.labels.tenant ?? ''
      add(groupKey('owner', tenant, rule.name), { rule, owner }, known)
    }
  }
  const groups = [...byKey].map(([key, draft]) => groupOf(key, draft))
  return rollUp(groups, alive, state, from.childrenOf)
}

interface Draft {
  readonly rule: Rule
  readonly owner: OwnerRoute | null
  readonly members: KnownAlert[]
}

function placeOf(rule: Rule, labels: AlertLabels): AlertLabels {
  const place: AlertLabels = {}
  for (const name of rule.group_by) {
    const value = labels[name]
    if (value !== undefined) place[name] = value
  }
  return place
}

function groupOf(key: string, { rule, owner, members }: Draft): Group {
  const severities = members.map(({ alert }) => alert.severity)
  return {
    key,
    rule,
    owner,
    members,
    labels: sharedLabels(members),
    // A notice to an owner is for the next day, whatever the fault is for us.
    severity: owner === null ? worstSeverity(severities) : 'ticket',
    urgent: rule.urgent,
    usdPerHour: members.reduce((sum, { alert }) => sum + (alert.reading.usd_per_hour ?? 0), 0),
    firstMs: members.reduce((least, { newsMs }) => Math.min(least, newsMs), Infinity),
    news: members.reduce((most, { news }) => Math.max(most, news), 0),
  }
}

/** Labels that are the same for all: where many stand together. */
function sharedLabels(members: readonly KnownAlert[]): AlertLabels {
  const shared: AlertLabels = { ...members[0]?.alert.labels }
  for (const { alert } of members)
    for (const name of ALERT_LABELS)
      if (shared[name] !== undefined && alert.labels[name] !== shared[name]) delete shared[name]
  return shared
}

/**
 * Many groups of one rule at once become one: those that people were not told of yet, when they are more than five and
 * more than 30 % of what their parent has. Once told so they stay one until all have ended.
 */
function rollUp(
  groups: readonly Group[],
  alive: Set<string>,
  state: AlertState,
  childrenOf: (label: keyof AlertLabels, parent: AlertLabels) => number | null,
): Grouped {
  const open = new Set(
    [...state.conversations.values()].filter(({ isOpen }) => isOpen).map(({ group }) => group),
  )
  const byRule = Map.groupBy(
    groups.filter(({ rule, owner }) => owner === null && rule.group_by.length > 0),
    ({ rule }) => rule.name,
  )
  const merged: Group[] = []
  const gone = new Set<string>()
  for (const [name, ofRule] of byRule) {
    const fresh = ofRule.filter(({ key }) => !open.has(key))
    const key = togetherKey(name)
    const [first] = fresh
    if (first === undefined) continue
    const members = fresh.flatMap((group) => group.members)
    const whole = groupOf(key, { rule: first.rule, owner: null, members })
    const child = first.rule.group_by.at(-1)
    const siblings = child === undefined ? null : childrenOf(child, whole.labels)
    const least = Math.max(CHILDREN_MIN, CHILDREN_RATIO * (siblings ?? 0))
    if (!open.has(key) && fresh.length <= least) continue
    alive.add(key)
    merged.push(whole)
    for (const group of fresh) gone.add(group.key)
  }
  return { groups: [...groups.filter(({ key }) => !gone.has(key)), ...merged], alive }
}
