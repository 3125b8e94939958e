import type { Alert } from '#schemas/alerts/alert.ts'
import { Rule } from '#schemas/alerts/rule.ts'
import { isOpen, NO_READING, openAlert, resolvedAlert } from './evaluation.ts'
import { fingerprintOf } from './fingerprint.ts'

/** Figures settle within about a minute and a half; from here on something is in the way. */
export const BEHIND_MS = 6 * 60_000
const CAUGHT_UP_MS = 3 * 60_000

const rule = (given: object): Rule =>
  Rule.parse({ lane: 'event', match: [{ types: ['none'] }], severity: 'data', ...given })

/** What alerting says of itself: not in the pack, because no file may take it away. */
export const OWN_RULES: readonly Rule[] = [
  rule({
    name: 'plimsoll_behind',
    level: 'pipeline',
    explains: 'absence',
    urgent: true,
    title: { en: 'Plimsoll is behind', zh: 'Plimsoll 数据滞后' },
    action: {
      en: 'Open the Pipeline page: it names what stands still. Nothing is known to be wrong with the fleet.',
      zh: '打开“管线”页面，查看停滞的环节。目前没有迹象表明集群有问题。',
    },
    resolved: { en: 'The figures of Plimsoll are up to date', zh: 'Plimsoll 数据已跟上' },
  }),
  rule({
    name: 'alert_rule_failed',
    level: 'pipeline',
    explains: 'none',
    title: { en: 'An alert rule cannot be evaluated', zh: '告警规则无法计算' },
    action: {
      en: 'Read the reason, correct the rule or its data. Until then it watches nothing.',
      zh: '查看原因，修正规则或其数据。在此之前该规则不起作用。',
    },
    resolved: { en: 'The rule works again', zh: '该规则恢复工作' },
  }),
]

/** One alert while the figures are late, whatever else is silent because of it. */
export function behindAlert(before: Alert | null, behindMs: number | null, nowMs: number): Alert[] {
  const open = before !== null && isOpen(before) ? before : null
  if (behindMs === null) return open === null ? [] : [open]
  if (behindMs < (open === null ? BEHIND_MS : CAUGHT_UP_MS))
    return open === null ? [] : [resolvedAlert(open, nowMs, null)]
  const minutes = Math.round(behindMs / 60_000)
  const what = {
    en: `Plimsoll is ${minutes} min behind; nothing is known to be wrong with the fleet`,
    zh: `Plimsoll 数据滞后 ${minutes} 分钟；目前没有迹象表明集群有问题`,
  }
  const reading = { ...NO_READING, value: minutes, what }
  if (open !== null) return [{ ...open, reading }]
  const base = { rule: 'plimsoll_behind', labels: {}, severity: 'data' as const }
  return [
    openAlert({
      ...base,
      fingerprint: fingerprintOf('plimsoll_behind', {}),
      state: 'firing',
      reading,
      sinceMs: nowMs - behindMs,
      atMs: nowMs,
    }),
  ]
}

/** One alert for each rule that could not be evaluated, ended by the first evaluation that works. */
export function failedRules(
  before: ReadonlyMap<string, Alert>,
  failed: ReadonlyMap<string, string>,
  evaluated: ReadonlySet<string>,
  nowMs: number,
): Alert[] {
  const next: Alert[] = []
  for (const [name, reason] of failed) {
    const labels = { rule: name }
    const fingerprint = fingerprintOf('alert_rule_failed', labels)
    const found = before.get(fingerprint)
    if (found !== undefined && isOpen(found)) continue
    const what = { en: `Rule ${name} cannot be evaluated`, zh: `规则 ${name} 无法计算` }
    const why = { en: reason.slice(0, 500), zh: reason.slice(0, 500) }
    next.push(
      openAlert({
        fingerprint,
        rule: 'alert_rule_failed',
        labels,
        severity: 'data',
        state: 'firing',
        sinceMs: nowMs,
        atMs: nowMs,
        reading: { ...NO_READING, what, why },
      }),
    )
  }
  for (const alert of before.values()) {
    const name = alert.labels.rule ?? ''
    if (isOpen(alert) && evaluated.has(name) && !failed.has(name))
      next.push(resolvedAlert(alert, nowMs, null))
  }
  return next
}
