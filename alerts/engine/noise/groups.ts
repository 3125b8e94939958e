import type { Alert } from '#schemas/alerts/alert.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import { ALERT_LABELS, type AlertLabels, type AlertSeverity } from '#schemas/alerts/severity.ts'
import type { AlertState, KnownAlert } from '#schemas/alerts/state.ts'
import { digest32, labelsKey } from '../fingerprint.ts'
import type { ChildrenOf } from '../places.ts'
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
  ...placesAbove(rule.group_by.at(-1)).flatMap((level) => {
    const parent = parentAt(level, labels)
    return parent === null ? [] : togetherKey(rule.name, parent)
  }),
]

export interface Grouped {
  readonly groups: readonly Group[]
  /** Groups with an open alert, told of or not: their conversations are not over. */
  readonly alive: ReadonlySet<string>
}

const groupKey = (...words: readonly string[]) => `grp_${digest32(...words)}`
/** The conversation about many groups of a rule in one place; of the whole fleet where the place is none. */
const togetherKey = (rule: string, parent: AlertLabels) =>
  Object.keys(parent).length === 0
    ? groupKey(rule, 'together')
    : groupKey(rule, 'together', labelsKey(parent))

/** Places that may speak for many of what lies in them, from the widest on. */
const PLACES = ['cluster', 'hall', 'loop', 'rack', 'node', 'device'] as const
type Place = (typeof PLACES)[number]

/** Parents of groups that are told apart by a label: the whole fleet, then the places wider than it. */
function placesAbove(child: keyof AlertLabels | undefined): readonly ('fleet' | Place)[] {
  const depth = PLACES.findIndex((place) => place === child)
  return ['fleet', ...PLACES.slice(0, Math.max(0, depth))]
}

/** The place of a level that labels lie in, with the halls and clusters it is in; null = they name none. */
function parentAt(level: 'fleet' | Place, labels: AlertLabels): AlertLabels | null {
  if (level === 'fleet') return {}
  const value = labels[level]
  if (value === undefined) return null
  const { cluster, hall } = labels
  const within = {
    ...(cluster === undefined ? {} : { cluster }),
    ...(hall === undefined || level === 'cluster' ? {} : { hall }),
  }
  return { ...within, [level]: value }
}

/** Fold of alerts into groups: by rule and its labels, many groups of one rule into one, and notices to owners. */
export function groupAlerts(
  state: AlertState,
  from: {
    readonly ruleOf: (name: string) => Rule | null
    readonly ownerOf: (alert: Alert) => OwnerRoute | null
    /** How many children a parent has; null = not known. */
    readonly childrenOf: ChildrenOf
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
 * more than 30 % of what their parent has. The widest parent of which that is true speaks for all in it. Once told so
 * they stay one until all have ended.
 */
function rollUp(
  groups: readonly Group[],
  alive: Set<string>,
  state: AlertState,
  childrenOf: ChildrenOf,
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
    const rule = fresh[0]?.rule
    const child = rule?.group_by.at(-1)
    if (rule === undefined || child === undefined) continue
    const parents = parentsOf(child, fresh).map((one) => ({
      ...one,
      key: togetherKey(name, one.parent),
    }))
    // What was told of together stays together, also when a wider place has more than its share by now.
    const openFirst = parents.toSorted((a, b) => Number(open.has(b.key)) - Number(open.has(a.key)))
    for (const { parent, own, key } of openFirst) {
      const left = own.filter((group) => !gone.has(group.key))
      const least = Math.max(CHILDREN_MIN, CHILDREN_RATIO * (childrenOf(child, parent) ?? 0))
      if (left.length === 0 || (!open.has(key) && left.length <= least)) continue
      alive.add(key)
      const members = left.flatMap((group) => group.members)
      merged.push(groupOf(key, { rule, owner: null, members }))
      for (const group of left) gone.add(group.key)
    }
  }
  return { groups: [...groups.filter(({ key }) => !gone.has(key)), ...merged], alive }
}

/** Parents that groups of one rule have in common, the widest first. */
function parentsOf(
  child: keyof AlertLabels,
  groups: readonly Group[],
): { readonly parent: AlertLabels; readonly own: readonly Group[] }[] {
  return placesAbove(child).flatMap((level) => {
    const byParent = new Map<string, { readonly parent: AlertLabels; readonly own: Group[] }>()
    for (const group of groups) {
      const parent = parentAt(level, group.labels)
      if (parent === null) continue
      const key = labelsKey(parent)
      const found = byParent.get(key)
      if (found === undefined) byParent.set(key, { parent, own: [group] })
      else found.own.push(group)
    }
    return [...byParent.values()]
  })
}
