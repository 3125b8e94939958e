import type { Alert, Silence } from '#schemas/alerts/alert.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import {
  ALERTS_MAX,
  type AlertDetail,
  type AlertHistoryAnswer,
  type AlertHistoryQuery,
  type AlertRuleItem,
  type AlertsQuery,
  type EvaluatorState,
  type SilenceItem,
  TIMELINE_MAX,
  type TimelineEntry,
} from '#schemas/api-alerts.ts'
import type { RuleInForce } from './alerting.ts'
import type { Covered } from './rule-coverage.ts'
import {
  groupsOf,
  isOpen,
  itemOf,
  runbookOf,
  severitiesOf,
  type Told,
  WEEK_MS,
  worstFirst,
} from './items.ts'
import { isSignalName, SIGNAL_TABLE } from './signals.ts'

const FAILED_RULE = 'alert_rule_failed'
/** A rule that looks at least so often is as old as the newest evaluation, s. */
const EACH_PASS_S = 60

/** Alerts that are asked for, the worst first; resolved ones only by their state. */
export function selectAlerts(told: Told, asked: AlertsQuery): Alert[] {
  const { state, severity, rule, group } = asked
  const all = [...told.now.state.alerts.values()].map(({ alert }) => alert)
  const wanted = all.filter(
    (alert) =>
      (state === undefined ? alert.state !== 'resolved' : alert.state === state) &&
      (severity === undefined || alert.severity === severity) &&
      (rule === undefined || alert.rule === rule) &&
      (group === undefined || groupsOf(told, alert).includes(group)),
  )
  return worstFirst(wanted)
}

/** The alert that a link to a group means: the worst that is open, else the one that was told of last; null = none. */
export function worstOf(told: Told, group: string): string | null {
  const { state, log } = told.now
  const all = [...state.alerts.values()].map(({ alert }) => alert)
  const [worst] = worstFirst(all.filter((alert) => groupsOf(told, alert)[0] === group))
  if (worst !== undefined && isOpen(worst)) return worst.fingerprint
  const note = [...log.notes.values()].findLast(({ notification }) => notification.group === group)
  return note?.notification.fingerprints[0] ?? worst?.fingerprint ?? null
}

/** What fired within [from, to), newest first. */
export function historyOf(
  told: Told,
  { from, to, severity, rule }: AlertHistoryQuery,
): Omit<AlertHistoryAnswer, 'simulated'> {
  const { log } = told.now
  const found: Alert[] = []
  for (const alert of log.episodes.values()) {
    const firedMs = alert.fired_ms ?? 0
    if (firedMs < from || firedMs >= to) continue
    if (severity !== undefined && alert.severity !== severity) continue
    if (rule === undefined || alert.rule === rule) found.push(alert)
  }
  found.sort((a, b) => (b.fired_ms ?? 0) - (a.fired_ms ?? 0))
  return {
    from_ms: from,
    to_ms: to,
    known_from_ms: log.knownFromMs,
    alerts: found.slice(0, ALERTS_MAX).map((alert) => itemOf(told, alert)),
    more: Math.max(0, found.length - ALERTS_MAX),
  }
}

/** An alert with what happened to it; null when nothing of it is known. */
export function detailOf(
  told: Told,
  evaluator: EvaluatorState,
  fingerprint: string,
): Omit<AlertDetail, 'simulated'> | null {
  const { state, log } = told.now
  const track = log.tracks.get(fingerprint)
  const alert = state.alerts.get(fingerprint)?.alert ?? track?.last
  if (alert === undefined) return null
  const timeline = timelineOf(told, alert)
  const rule = told.rules.get(alert.rule)
  return {
    at_ms: told.nowMs,
    alert: itemOf(told, alert),
    rule: rule === undefined ? null : ruleItem(told, evaluator, rule),
    timeline: timeline.slice(-TIMELINE_MAX),
    more: (track?.dropped ?? 0) + Math.max(0, timeline.length - TIMELINE_MAX),
    values: [...(track?.values ?? [])],
  }
}

function timelineOf(told: Told, alert: Alert): TimelineEntry[] {
  const { log } = told.now
  const states = log.tracks.get(alert.fingerprint)?.states ?? []
  const since = states[0]?.at_ms ?? alert.since_ms
  const groups = new Set(groupsOf(told, alert))
  const entries: TimelineEntry[] = [...states]
  const isNamed = (of: readonly string[]) => of.includes(alert.fingerprint)
  for (const { notification, entry } of log.notes.values()) {
    const { group, fingerprints, more, at_ms } = notification
    const isOne = isNamed(fingerprints) || (more > 0 && groups.has(group) && at_ms >= since)
    if (!isOne) continue
    groups.add(group)
    entries.push(entry)
  }
  for (const { ack } of log.acks) {
    const { at_ms, who, until_ms, comment } = ack
    if (groups.has(ack.group) && at_ms >= since)
      entries.push({ kind: 'ack', at_ms, who, until_ms, comment })
  }
  const quiet = new Set(states.flatMap(({ suppressed }) => suppressed?.by ?? []))
  for (const { at_ms, silence } of log.silences) {
    const { id, who, to_ms, comment } = silence
    if (quiet.has(id)) entries.push({ kind: 'silence', at_ms, who, to_ms, comment })
  }
  return entries.sort((a, b) => a.at_ms - b.at_ms)
}

/** Whether alerts are watched for at all. */
export async function evaluatorOf({
  now,
  rules,
  alerting,
  covered,
}: Told): Promise<EvaluatorState> {
  const passMs = await alerting.lastPassMs()
  const { evaluatorMs } = now.log
  const known = [passMs, evaluatorMs].filter((ms) => ms !== null)
  return {
    last_pass_ms: known.length === 0 ? null : Math.max(...known),
    rules: [...rules.values()].filter(({ rule }) => rule.enabled).length,
    series: [...covered.values()].reduce((sum, counts) => sum + total(counts), 0),
    errors: [...now.state.alerts.values()].filter(
      ({ alert }) => alert.rule === FAILED_RULE && isOpen(alert),
    ).length,
  }
}

const total = (counts: Covered) => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** Every rule in force, by name. */
export const ruleItems = (told: Told, evaluator: EvaluatorState): AlertRuleItem[] =>
  [...told.rules.values()]
    .sort((a, b) => (a.rule.name < b.rule.name ? -1 : 1))
    .slice(0, 1_000)
    .map((found) => ruleItem(told, evaluator, found))

function ruleItem(told: Told, evaluator: EvaluatorState, found: RuleInForce): AlertRuleItem {
  const { rule, origin } = found
  const { name, title, action, lane, level, urgent, enabled, vendors } = rule
  const { state, log } = told.now
  const alerts = [...state.alerts.values()].map(({ alert }) => alert)
  const trust = state.trust.get(name) ?? rule.trust
  const failed = alerts.find(
    (alert) => alert.rule === FAILED_RULE && alert.labels.rule === name && isOpen(alert),
  )
  const isEachPass = lane !== 'value' || rule.every <= EACH_PASS_S
  return {
    name,
    title,
    action,
    lane,
    level,
    severities: severitiesOf(rule),
    urgent,
    enabled,
    trust,
    origin,
    vendors,
    covered: lane === 'value' ? (told.covered.get(rule.signal) ?? null) : null,
    last_match_ms: log.lastMatchMs.get(name) ?? null,
    last_evaluated_ms:
      enabled && isEachPass && failed === undefined ? evaluator.last_pass_ms : null,
    seconds: told.alerting.ruleSeconds().get(name) ?? null,
    error: failed === undefined ? null : (failed.reading.why?.en ?? 'it failed').slice(0, 512),
    open: alerts.filter((alert) => alert.rule === name && isOpen(alert)).length,
    would_have_paged: trust === 'observing' ? (told.wouldHavePaged.get(name) ?? 0) : null,
    runbook: runbookOf(found),
    ...comparison(rule),
  }
}

function comparison(rule: Rule): Pick<AlertRuleItem, 'unit' | 'compare' | 'thresholds'> {
  if (rule.lane !== 'value') return { unit: null, compare: null, thresholds: [] }
  const { signal, compare, thresholds } = rule
  return { unit: isSignalName(signal) ? SIGNAL_TABLE[signal].unit : null, compare, thresholds }
}

/** Those that go on or are to come first, then ended ones of the last 7 days. */
export function silenceItems(told: Told): SilenceItem[] {
  const { now, nowMs } = told
  const quiet = new Map<string, number>()
  for (const { alert } of now.state.alerts.values())
    if (isOpen(alert) && alert.suppressed !== undefined)
      quiet.set(alert.suppressed.by, (quiet.get(alert.suppressed.by) ?? 0) + 1)
  return [...now.state.silences.values()]
    .filter(({ to_ms }) => to_ms >= nowMs - WEEK_MS)
    .sort((a, b) => Number(b.to_ms > nowMs) - Number(a.to_ms > nowMs) || b.from_ms - a.from_ms)
    .slice(0, 2_000)
    .map((silence) => silenceItem(silence, quiet.get(silence.id) ?? 0))
}

export const silenceItem = (silence: Silence, quiet: number): SilenceItem => ({ ...silence, quiet })
