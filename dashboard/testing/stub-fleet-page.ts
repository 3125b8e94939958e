import * as api from '#schemas/api.ts'
import { type Answer, frame, windowOf } from './stub-answer.ts'
import * as fleet from './stub-fleet.ts'

/** What the Fleet page asks for over a window. */
export function fleetAnswer(path: string, query: URLSearchParams, nowMs: number): Answer | null {
  const { fromMs, toMs } = windowOf(query, nowMs)
  if (path === 'fleet/summary') {
    const groups = fleet.groupsBy(query.get('group_by') ?? '', toMs - fleet.MINUTE_MS, nowMs)
    return {
      body: api.FleetSummary.parse({ ...frame(fromMs, toMs, nowMs), groups, pending_devices: 5 }),
    }
  }
  if (path === 'fleet/series') {
    const series = fleet.utilizationSeries(fromMs, toMs, Number(query.get('points') ?? 300), nowMs)
    return { body: api.SeriesAnswer.parse({ ...frame(fromMs, toMs, nowMs), groups: [series] }) }
  }
  return null
}
