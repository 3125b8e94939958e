import type { LedgerSeriesAnswer, StateSeries } from '#schemas/api-ledger.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { LedgerState } from '#schemas/ledger.ts'
import { type FleetQuestion, frame } from '../fleet.ts'
import { type GroupSums, readSums } from '../fleet-sums.ts'
import { planOf } from '../plan-of.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import { chooseSiteGrid, type Grid } from '../steps.ts'
import { timeByState } from '../state-sums.ts'
import { type LedgerDeps, readQuestion } from './cells.ts'
import { secondsOf } from './figures.ts'
import { statesFinalUntil } from './ledger.ts'

/** Steps of all groups together; each has nine states. */
export const LEDGER_STEPS_MAX = 10_000

/** GET /api/v1/ledger/series. Throws as ledgerAnswer, and E_QUERY_TOO_LARGE for too many steps. */
export async function ledgerSeries(
  deps: LedgerDeps,
  { points, ...asked }: FleetQuestion & { readonly points: number },
): Promise<LedgerSeriesAnswer> {
  const question = await readQuestion(deps, asked)
  const { window, published, groupBy, filters } = question
  const { grid, areLocalDays } = chooseSiteGrid(window, points, deps.timeZone)
  const fields = [...groupBy, ...filters.fields]
  const plan = await planOf(
    deps,
    { ...window, fields, stepMs: grid.stepMs, areLocalDays },
    published,
  )
  const steps = { t0Ms: grid.t0Ms, stepMs: grid.stepMs, columns: NO_COLUMNS, states: true }
  const read = await readSums(deps.reader, plan, { ...steps, groupBy, filters, bySource: false })
  const groups = [...read.values()]
  // Without group_by there is one, also where there was nothing.
  if (groupBy.length === 0 && groups.length === 0) groups.push({ key: {}, steps: new Map() })
  if (groups.length * grid.count > LEDGER_STEPS_MAX) {
    const message = `${groups.length} groups of ${grid.count} points; ask for fewer points or filter`
    throw new PlimsollError('E_QUERY_TOO_LARGE', message)
  }
  return {
    ...frame(deps, { window, plan, published }),
    states_final_until: statesFinalUntil(published),
    groups: groups
      .map((group) => stateSeries(group, grid))
      .sort((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : 1)),
  }
}

const keyText = (key: Readonly<Record<string, string>>) => Object.values(key).join('\u0000')

function stateSeries({ key, steps }: GroupSums, grid: Grid): StateSeries {
  const totals = Array.from({ length: grid.count }, (_, step) => steps.get(step) ?? null)
  const times = totals.map((sums) => (sums === null ? null : timeByState(sums)))
  const of = (state: LedgerState) =>
    times.map((time) => (time === null ? null : secondsOf(time[state])))
  return {
    key,
    unit: 'device_seconds',
    t0: grid.t0Ms,
    step_ms: grid.stepMs,
    capacity: totals.map((sums) => (sums === null ? null : secondsOf(sums.capacity * 1000n))),
    busy: totals.map((sums) => (sums === null ? null : secondsOf(sums.busyX1000))),
    ledger: {
      failed: of('failed'),
      drained: of('drained'),
      verification: of('verification'),
      unknown: of('unknown'),
      unallocated: of('unallocated'),
      idle_held: of('idle_held'),
      throttled: of('throttled'),
      inefficient: of('inefficient'),
      productive: of('productive'),
    },
  }
}
