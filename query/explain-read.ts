import { PlimsollError } from '#schemas/errors.ts'
import type { Cell } from './explain-cells.ts'
import type { Filters } from './filters.ts'
import type { FleetDeps } from './fleet.ts'
import { localDayStarts } from './local-day.ts'
import { explainCells } from './queries/explain.ts'
import type { Plan, Segment } from './resolution.ts'

const TABLES = { ledger_1m: '1m', ledger_1h: '1h', ledger_1d: '1d' } as const

export interface CellQuestion {
  readonly filters: Filters
  /** Quiet minutes count as idle, which only minutes know. */
  readonly byMinutes: boolean
  /** By device, and only of nodes of these names; absent = all nodes, each as a whole. */
  readonly devicesOf?: readonly string[]
}

/** Device-time of a plan's window by node, or by device. Rejects with the reader's errors. */
export async function readCells(
  { reader, timeZone }: FleetDeps,
  { segments }: Plan,
  { filters, byMinutes, devicesOf }: CellQuestion,
): Promise<Cell[]> {
  const read = async ({ table, ...window }: Segment) => {
    if (table !== 'ledger_1m' && table !== 'ledger_1h' && table !== 'ledger_1d')
      throw new PlimsollError('E_INTERNAL', `${table} does not know jobs of nodes`)
    const days = table === 'ledger_1d' ? localDayStarts(window, timeZone) : []
    return explainCells.run(reader, {
      ...filters.params,
      table,
      resolution: TABLES[table],
      days_s: days.map((ms) => ms / 1000),
      nodes: [...(devicesOf ?? [])],
      device: devicesOf === undefined ? 'nobody' : 'device_id',
      from_s: window.fromMs / 1000,
      to_s: window.toMs / 1000,
      idle_ms: byMinutes ? 'known_ms' : 'idle_held_ms',
      busy_idle_ms_x1000: byMinutes ? 'busy_ms_x1000' : 'busy_idle_held_ms_x1000',
      idle_if: byMinutes ? 'quiet' : 'always',
    })
  }
  return (await Promise.all(segments.map(read))).flat()
}
