import type { LedgerAnswer } from '#schemas/api-ledger.ts'
import { IDLE_WINDOW_MINUTES_MAX } from '#schemas/ledger.ts'
import { countDevices } from '../device-count.ts'
import { type FleetQuestion, frame } from '../fleet.ts'
import { NO_COLUMNS } from '../queries/fleet-sums.ts'
import type { PublishedMinutes } from '../resolution.ts'
import { iso, MINUTE_MS } from '../window.ts'
import {
  type Cell,
  groupCells,
  type LedgerDeps,
  readCells,
  readQuestion,
  totalOf,
} from './cells.ts'
import { ledgerFigures, secondsOf } from './figures.ts'

/** Until when states stand: idle stretches are found with hindsight. */
export const statesFinalUntil = ({ settledUntilMs }: PublishedMinutes): string | null =>
  settledUntilMs === null ? null : iso(settledUntilMs - IDLE_WINDOW_MINUTES_MAX * MINUTE_MS)

/** GET /api/v1/ledger. Throws E_RANGE_INVALID, E_FILTER_INVALID and the reader's errors. */
export async function ledgerAnswer(deps: LedgerDeps, asked: FleetQuestion): Promise<LedgerAnswer> {
  const question = await readQuestion(deps, asked)
  const more = ['allocation_source'] as const
  const [{ cells, plan }, devices] = await Promise.all([
    readCells(deps, { ...question, more, columns: NO_COLUMNS, prices: null }),
    countDevices(deps, question),
  ])
  return {
    ...frame(deps, { ...question, plan }),
    states_final_until: statesFinalUntil(question.published),
    groups: groupCells(cells, question.groupBy).map(({ id, key, cells: members }) => ({
      key,
      devices: devices.get(id) ?? 0,
      ...ledgerFigures(totalOf(members), sourcesOf(members)),
    })),
  }
}

function sourcesOf(cells: readonly Cell[]): Record<string, number> {
  const sums = new Map<string, bigint>()
  for (const { fields, totals } of cells) {
    const source = fields['allocation_source'] ?? ''
    sums.set(source, (sums.get(source) ?? 0n) + totals.capacity)
  }
  return Object.fromEntries(
    [...sums]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([source, ms]) => [source, secondsOf(ms * 1000n)]),
  )
}
