import type { Alert, Suppression } from '#schemas/alerts/alert.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import { ALERT_SEVERITIES, type AlertSeverity, type Words } from '#schemas/alerts/severity.ts'
import { ackOf } from '#schemas/alerts/state.ts'
import type { AlertItem, OpenCounts } from '#schemas/api-alerts.ts'
import type { Clock } from '#schemas/role.ts'
import type { Alerting, RuleInForce } from './alerting.ts'
import type { Covered, RuleCoverage } from './rule-coverage.ts'
import type { AlertsNow } from './view.ts'

export const WEEK_MS = 7 * 86_400_000
const RANK: Readonly<Record<AlertSeverity, number>> = { page: 0, warn: 1, data: 2, ticket: 3 }

export interface TellingDeps {
  readonly alerting: Alerting
  readonly coverage: RuleCoverage
  readonly clock: Clock
}

/** One answer: alerting as it stands, the rules in force, and what depends on both. */
export interface Told {
  readonly now: AlertsNow
  readonly nowMs: number
  readonly alerting: Alerting
  readonly rules: ReadonlyMap<string, RuleInForce>
  /** Series that signals can speak of, by signal and vendor, as far as counted. */
  readonly covered: ReadonlyMap<string, Covered>
  /** Since when people are told of a group, by group. */
  readonly firstMs: ReadonlyMap<string, number>
  /** Rules of observing alerts: how often they would have paged in the last 7 days. */
  readonly wouldHavePaged: ReadonlyMap<string, number>
}

export function toldOf(now: AlertsNow, { alerting, coverage, clock }: TellingDeps): Told {
  const nowMs = clock()
  const rules = alerting.rules()
  const firstMs = new Map<string, number>()
  for (const { group, firstMs: first } of now.state.conversations.values())
    firstMs.set(group, Math.min(firstMs.get(group) ?? Infinity, first))
  const wouldHavePaged = new Map<string, number>()
  for (const { rule, mode, severity, fired_ms } of now.log.episodes.values())
    if (mode === 'observing' && severity === 'page' && (fired_ms ?? 0) >= nowMs - WEEK_MS)
      wouldHavePaged.set(rule, (wouldHavePaged.get(rule) ?? 0) + 1)
  return { now, nowMs, alerting, rules, covered: coverage.of(rules), firstMs, wouldHavePaged }
}

export const isOpen = ({ state }: Pick<Alert, 'state'>) => state === 'firing' || state === 'held'

/** Open, and people are told. */
export const isTold = (alert: Alert) =>
  isOpen(alert) && alert.mode === 'paging' && alert.suppressed === undefined

export function openCounts({ now }: Told): OpenCounts {
  const counts = { page: 0, warn: 0, ticket: 0, data: 0 }
  for (const { alert } of now.state.alerts.values()) if (isTold(alert)) counts[alert.severity] += 1
  return counts
}

/** Those that people are told of first; then severity, dollars an hour, devices, the oldest. */
export const worstFirst = (alerts: Iterable<Alert>): Alert[] =>
  [...alerts].sort(
    (a, b) =>
      Number(isTold(b)) - Number(isTold(a)) ||
      RANK[a.severity] - RANK[b.severity] ||
      (b.reading.usd_per_hour ?? -1) - (a.reading.usd_per_hour ?? -1) ||
      (b.reading.devices ?? 0) - (a.reading.devices ?? 0) ||
      a.since_ms - b.since_ms ||
      (a.fingerprint < b.fingerprint ? -1 : 1),
  )

/** Conversations of an alert, the likeliest first. */
export function groupsOf({ alerting, rules }: Told, { rule, labels }: Alert): readonly string[] {
  const found = rules.get(rule)?.rule
  return found === undefined ? [] : alerting.groupsOf(found, labels)
}

/** The conversation an alert is in; null = nobody was told. One of a rule that is gone is found by its messages. */
export function groupOf(told: Told, alert: Alert): string | null {
  const known = groupsOf(told, alert).find((group) => told.firstMs.has(group))
  if (known !== undefined) return known
  for (const { group, fingerprints } of told.now.state.conversations.values())
    if (fingerprints.includes(alert.fingerprint)) return group
  return null
}

export function itemOf(told: Told, alert: Alert): AlertItem {
  const { now, nowMs, alerting, rules, firstMs, wouldHavePaged } = told
  const found = rules.get(alert.rule)
  const group = groupOf(told, alert)
  const first = group === null ? undefined : firstMs.get(group)
  const isHeard = group !== null && first !== undefined && isOpen(alert)
  const doing = alert.reading.doing
  return {
    ...alert,
    group,
    line: alerting.lineOf(alert, found?.rule ?? null, nowMs),
    title: found?.rule.title ?? { en: alert.rule, zh: alert.rule },
    action: doing ?? found?.rule.action ?? { en: '', zh: '' },
    runbook: runbookOf(found),
    urgent: found?.rule.urgent ?? false,
    ack: isHeard ? ackOf(now.state, { group, firstMs: first }, nowMs) : null,
    suppressed_by: alert.suppressed === undefined ? null : suppressedBy(told, alert.suppressed),
    would_have_paged: alert.mode === 'observing' ? (wouldHavePaged.get(alert.rule) ?? 0) : null,
  }
}

/** The pack has a page for each of its rules; a site's own rule has the one it names. */
export function runbookOf(found: RuleInForce | undefined): string | null {
  if (found === undefined) return null
  const { rule, origin } = found
  return rule.runbook ?? (origin === 'pack' ? rule.name.replaceAll('_', '-') : null)
}

function suppressedBy({ now, rules }: Told, { kind, by }: Suppression): Words {
  if (kind === 'inhibited') {
    const wider = now.state.alerts.get(by)?.alert
    const title = wider === undefined ? undefined : rules.get(wider.rule)?.rule.title
    const what = wider?.reading.what ?? title ?? { en: 'a wider alert', zh: '更大范围的告警' }
    return words(`Explained by: ${what.en}`, `由更大范围的告警解释：${what.zh}`)
  }
  const silence = now.state.silences.get(by)
  const said = silence === undefined ? '' : `${silence.who}: ${silence.comment}`
  const name = {
    silence: { en: 'Silenced', zh: '已静默' },
    maintenance: { en: 'Maintenance', zh: '维护' },
    restart: { en: 'Restart', zh: '重启' },
  }[kind]
  return said === '' ? name : words(`${name.en} by ${said}`, `${name.zh}，${said}`)
}

const words = (en: string, zh: string): Words => ({ en: en.slice(0, 1024), zh: zh.slice(0, 1024) })

/** What a rule's alerts can become, worst first. */
export function severitiesOf(rule: Rule): AlertSeverity[] {
  const found = new Set<AlertSeverity>()
  if (rule.lane === 'event') {
    found.add(rule.severity)
    if (rule.escalate !== undefined) found.add('page')
  } else if (rule.lane === 'value') {
    for (const { severity } of rule.thresholds) found.add(severity)
    if (rule.no_data === 'alert') found.add('data')
  } else for (const severity of ALERT_SEVERITIES) found.add(severity)
  return [...found].sort((a, b) => RANK[a] - RANK[b])
}
