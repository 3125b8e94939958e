import type { Alert, AlertReading } from '#schemas/alerts/alert.ts'
import type { AlertLabels, Words } from '#schemas/alerts/severity.ts'

/** Alerts of one rule as they are after an evaluation, by fingerprint; those not named stay as they were. */
export interface Evaluated<Memory> {
  readonly alerts: readonly Alert[]
  /** What the next evaluation needs besides. Lost at a restart: it may delay an alert then, never end one early. */
  readonly memory: Memory
}

/** Whether an alert goes on. */
export const isOpen = ({ state }: Pick<Alert, 'state'>): boolean => state !== 'resolved'

/** A reading without anything known. */
export const NO_READING: AlertReading = {
  value: null,
  low: null,
  high: null,
  coverage: null,
  usd_per_hour: null,
  devices: null,
  what: null,
  why: null,
  doing: null,
  known: null,
}

/** A new alert; `state` pending or firing. */
export function openAlert(from: {
  readonly fingerprint: string
  readonly rule: string
  readonly labels: AlertLabels
  readonly state: 'pending' | 'firing'
  readonly severity: Alert['severity']
  readonly sinceMs: number
  readonly atMs: number
  readonly reading: AlertReading
}): Alert {
  const { fingerprint, rule, labels, state, severity, sinceMs, atMs, reading } = from
  return {
    fingerprint,
    rule,
    labels,
    state,
    severity,
    mode: 'paging',
    since_ms: sinceMs,
    fired_ms: state === 'firing' ? atMs : null,
    resolved_ms: null,
    because: null,
    reading,
    cost_usd: 0,
  }
}

/** The alert after its end. */
export function resolvedAlert(alert: Alert, atMs: number, because: Words | null): Alert {
  const { suppressed: _, ...rest } = alert
  return { ...rest, state: 'resolved', resolved_ms: Math.max(atMs, alert.since_ms), because }
}

/** The alert while nobody can say whether it holds. */
export const heldAlert = (alert: Alert, because: Words): Alert => ({
  ...alert,
  state: 'held',
  because,
})

export const BECAUSE = {
  noData: { en: 'no data', zh: '没有数据' },
  late: { en: 'the figures are late', zh: '数据迟到' },
  gone: { en: 'it is no longer there', zh: '对象已不存在' },
  ruleGone: { en: 'the rule was removed', zh: '规则已删除' },
  closed: { en: 'the device reported its end', zh: '设备报告已恢复' },
  dataAgain: { en: 'there is data again', zh: '数据已恢复' },
  quiet: { en: 'it was not reported again', zh: '此后没有再次报告' },
} as const satisfies Record<string, Words>
