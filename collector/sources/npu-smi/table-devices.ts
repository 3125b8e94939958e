import type { MetricName } from '#schemas/metrics.ts'
import { type DeviceDraft, newDraft, setLabel, setMetric } from './devices.ts'
import type { Rejections } from './lines.ts'
import { TABLE_RULES, type TableCell, healthCode, toCanonical } from './map.ts'
import type { ChipRow, NpuTable, Pair } from './parse-table.ts'

/** The tool prints at most this many processes per chip. */
const PROCESS_LIMIT = 8

const CELLS: readonly TableCell[] = [
  'power_watts',
  'temperature_celsius',
  'aicore_percent',
  'npu_util_percent',
  'memory_used_mb',
  'memory_total_mb',
  'hugepages_used',
]

/** One chip of a box: its row, its number on the card, and the further rows of its soft slices. */
export interface TableChip {
  readonly row: ChipRow
  readonly chip: number
  readonly twins: ChipRow[]
}

/**
 * The chips of a box. Rows with one (Phy-ID, bus) are soft slices of one die; otherwise a chip is (card,
 * chip). Where the row prints no chip number, its place among the rows of its card is the number.
 */
export function tableChips(table: NpuTable): TableChip[] {
  const chips = new Map<string, TableChip>()
  const rowsOfNpu = new Map<number, number>()
  for (const row of table.chips) {
    const ordinal = rowsOfNpu.get(row.npu) ?? 0
    rowsOfNpu.set(row.npu, ordinal + 1)
    const chip = row.chip ?? ordinal
    const place =
      row.secondId !== null && row.bus !== null
        ? `die ${row.secondId} ${row.bus}`
        : `chip ${row.npu} ${chip}`
    const known = chips.get(place)
    if (known === undefined) chips.set(place, { row, chip, twins: [] })
    else known.twins.push(row)
  }
  return [...chips.values()]
}

/** Turns the rows of one `npu-smi info` box into devices: one per chip, soft slices joined. */
export function tableDevices(table: NpuTable, rejections: Rejections): DeviceDraft[] {
  const memoryColumns = memoryColumnsOf(table)
  return tableChips(table).map(({ row, chip, twins }) => {
    const draft = rowDevice({ row, chip, table, memoryColumns }, rejections)
    for (const twin of twins) joinTwin(draft, twin, rejections)
    applyPackagePower(draft)
    return draft
  })
}

function joinTwin(twin: DeviceDraft, row: ChipRow, rejections: Rejections): void {
  if (row.secondId === null) {
    rejections.add(`NPU ${row.npu} ${row.printedName}`, 'duplicate_row')
    return
  }
  const slices = Number(twin.labels.get('soft_slices') ?? '1') + 1
  setLabel(twin, 'soft_slices', String(slices))
  // The die's power is printed on one of its slices only.
  if (twin.failed === null && (twin.metrics.power_watts ?? null) === null)
    setMetric(twin, 'power_watts', zeroToNull(row.powerWatts), rejections)
}

interface RowContext {
  readonly row: ChipRow
  readonly chip: number
  readonly table: NpuTable
  readonly memoryColumns: number
}

function rowDevice(context: RowContext, rejections: Rejections): DeviceDraft {
  const { row, chip, table, memoryColumns } = context
  const draft = newDraft(row.npu, chip, {
    printedName: row.printedName,
    hasPhyId: printsPhyId(table, row),
    index: row.secondId,
    bus: row.bus,
    toolVersion: table.toolVersion,
  })
  draft.ddrTotalMb = memoryColumns === 2 ? (row.pairs[0]?.total ?? null) : null
  setLabel(draft, 'tool_version', table.toolVersion ?? '')
  setLabel(draft, 'driver_version', table.driverVersion ?? '')
  if (row.secondId !== null)
    setLabel(draft, draft.hasPhyId ? 'phy_id' : 'logic_id', String(row.secondId))

  const memory = row.pairs[memoryColumns - 1] ?? null
  const set = (metric: MetricName, value: number | null) =>
    setMetric(draft, metric, value, rejections)
  if (isZeroFilled(row, memory)) {
    draft.failed = 'zero_filled_row'
    rejections.add(`NPU ${row.npu} chip ${chip} ${row.printedName}`, 'zero_filled_row')
    set('health_code', null)
    for (const cell of CELLS) set(TABLE_RULES[cell].metric, null)
    return draft
  }
  const code = healthCode(row.healthWord)
  set('health_code', code)
  if (code === null) setLabel(draft, 'health_word', row.healthWord)
  if (!row.complete) draft.failed = 'row_incomplete'
  const cells = cellsOf(context, memory)
  for (const cell of CELLS) {
    const value = row.complete ? cells[cell] : null
    const rule = TABLE_RULES[cell]
    set(rule.metric, value === null ? null : toCanonical(value, rule.unit))
  }
  takeRating(draft)
  setProcesses(draft, table, rejections)
  return draft
}

function cellsOf(context: RowContext, memory: Pair | null): Record<TableCell, number | null> {
  const { row, table } = context
  const total = zeroToNull(memory?.total ?? null)
  const pages = zeroToNull(row.hugepages?.total ?? null)
  return {
    power_watts: zeroToNull(row.powerWatts),
    temperature_celsius: zeroToNull(row.temperatureCelsius),
    // Without a header the column is AICore: only Ascend950 prints another one.
    aicore_percent: table.utilKind === 'npu_util' ? null : row.utilPercent,
    npu_util_percent: table.utilKind === 'npu_util' ? row.utilPercent : null,
    memory_used_mb: total === null ? null : (memory?.used ?? null),
    memory_total_mb: total,
    hugepages_used: pages === null ? null : (row.hugepages?.used ?? null),
  }
}

/** The tool fills its table with zeros first: two of them together are a query that failed. */
function isZeroFilled(row: ChipRow, memory: Pair | null): boolean {
  const zeros = [row.powerWatts, row.temperatureCelsius, memory?.total ?? null]
  return zeros.filter((value) => value === 0).length >= 2
}

function zeroToNull(value: number | null): number | null {
  return value === 0 ? null : value
}

/** By the header; a pasted fragment has as many memory columns as its fullest row has pairs. */
function memoryColumnsOf(table: NpuTable): number {
  if (table.memoryColumns !== null) return table.memoryColumns
  return Math.max(1, ...table.chips.map((row) => row.pairs.length))
}

/** The 310 prints its rated power for ever: a constant is no reading. */
export function takeRating(draft: DeviceDraft): void {
  const watts = draft.metrics.power_watts ?? null
  if (draft.printedName !== '310' || watts === null) return
  setLabel(draft, 'rated_power_watts', String(watts))
  draft.metrics.power_watts = null
}

/** A3 prints the power of the package on die 0; the other die has none of its own. */
function applyPackagePower(draft: DeviceDraft): void {
  if (!isA3(draft)) return
  if (draft.chip === 0) setLabel(draft, 'power_scope', 'package')
  else draft.metrics.power_watts = null
}

/** Two dies per package, one power figure for both. */
export function isA3(draft: DeviceDraft): boolean {
  return draft.hasPhyId && /^Ascend910$/i.test(draft.printedName)
}

/** By the header; in a fragment without one, a second id beside an `Ascend…` name is a Phy-ID. */
function printsPhyId(table: NpuTable, row: ChipRow): boolean {
  if (table.secondIdKind !== null) return table.secondIdKind === 'phy_id'
  return row.secondId !== null && /^Ascend/i.test(row.printedName)
}

/** Unknown without a process box, or when the box says nothing about this card. */
function setProcesses(draft: DeviceDraft, table: NpuTable, rejections: Rejections): void {
  const count = processCount(draft, table)
  setMetric(draft, 'process_count', count, rejections)
  if (count !== null && count >= PROCESS_LIMIT) setLabel(draft, 'process_count_bound', 'at_least')
}

function processCount(draft: DeviceDraft, table: NpuTable): number | null {
  const npu = draft.npu ?? -1
  if (!table.hasProcessBox) return null
  if (table.npusWithoutProcesses.has(npu)) return 0
  const rows = table.processes.filter((process) => process.npu === npu)
  if (rows.length === 0) return null
  return rows.filter((process) => process.chip === null || process.chip === draft.chip).length
}
