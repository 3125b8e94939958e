import { ALERTS_MAX } from '#schemas/api-alerts.ts'
import type { AlertTold, ReportWindow } from '#schemas/report/facts.ts'
import { historyOf } from '../alerts/answers.ts'
import type { Told } from '../alerts/items.ts'

/** What fired within a window, as /api/v1/alerts/history answers it, with when somebody first answered. */
export function alertsTold(told: Told, { fromMs, toMs }: ReportWindow): readonly AlertTold[] {
  const { alerts } = historyOf(told, { from: fromMs, to: toMs })
  const acks = Map.groupBy(told.now.log.acks, ({ ack }) => ack.group)
  return alerts.slice(0, ALERTS_MAX).map((alert) => {
    const firedMs = alert.fired_ms ?? alert.since_ms
    const answered = (alert.group === null ? [] : (acks.get(alert.group) ?? []))
      .map(({ ack }) => ack.at_ms)
      .filter(
        (atMs) => atMs >= firedMs && (alert.resolved_ms === null || atMs <= alert.resolved_ms),
      )
    return {
      alert,
      acknowledged_ms: answered.length === 0 ? null : Math.min(...answered),
      told: alert.mode === 'paging' && alert.suppressed === undefined,
    }
  })
}
