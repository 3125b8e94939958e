import type { Holder } from '#schemas/batch.ts'
import { type ExpositionRow, parseExposition } from '../../formats/exposition.ts'
import { createRejections, detached, type Rejections } from '../../formats/rejections.ts'
import { busOf, canonicalVdie, chipId, holderOf, joinedHolder, labelOf } from './labels.ts'
import {
  CHIP,
  CHIP_RULES,
  CHIP_SUMS,
  ERROR_CODE,
  linkOf,
  MEMORY,
  OWN_NAME,
  REPEATS,
  STRUCTURE,
  VNPU_RULES,
} from './map.ts'

export const LIMITS = { bytes: 8 << 20, chips: 512, vnpus: 2048, ignored: 64, holders: 32 } as const

/** Why a row or value was refused: a fixed list, it labels counters. */
export type RejectReason =
  | 'too_many_bytes'
  | 'line_too_long'
  | 'series_limit'
  | 'not_a_sample'
  | 'bad_labels'
  | 'text_value'
  | 'cut_line'
  | 'no_chip_id'
  | 'ambiguous_id'
  | 'too_many_chips'
  | 'failed_reading'
  | 'stale_value'
  | 'zero_filled_chip'
  | 'out_of_range'
  | 'not_a_fault_code'
  | 'chips_missing'

/** The newest sample of one series of one chip. */
export interface Sample {
  /** Null where the exporter says that the query failed (`-1`). */
  readonly value: number | null
  /** Event time as the exporter states it, epoch ms; null without one. */
  readonly timestampMs: number | null
  readonly line: string
}

/** Everything a page says about one chip, by series name (`…/avg` for the window's average). */
export interface ChipRows {
  readonly id: number
  vdie: string | null
  bus: string | null
  printedModel: string | null
  serial: string | null
  productType: string | null
  readonly samples: Map<string, Sample>
  readonly errorCodes: Map<string, Sample>
  readonly holders: Map<string, Holder>
  /** Names joined by `_`, of the rows that do not carry a pod's labels apart. */
  readonly joinedHolders: Map<string, Holder>
  readonly processIds: Set<string>
  saysProcesses: boolean
  newestMs: number | null
}

/** A slice of a chip: its series carry neither die nor bus. */
export interface VnpuRows {
  readonly chip: number
  readonly id: string
  readonly aicores: string | null
  readonly holder: Holder | null
  readonly samples: Map<string, Sample>
}

export interface ExporterPage {
  readonly chips: readonly ChipRows[]
  readonly vnpus: readonly VnpuRows[]
  readonly rejections: Rejections<RejectReason>
  readonly ignored: ReadonlySet<string>
  readonly npuCount: number | null
  readonly cardCount: number | null
  readonly exporterVersion: string | null
  /** Rows of the exporter, and rows of anything else. */
  readonly ownRows: number
  readonly otherRows: number
  /** HELP lines of the exporter: a page with these and no rows is an exporter without chips. */
  readonly ownHelp: number
}

interface Draft {
  readonly byKey: Map<string, ChipRows>
  readonly vnpus: Map<string, VnpuRows>
  readonly rejections: Rejections<RejectReason>
  readonly ignored: Set<string>
  npuCount: number | null
  cardCount: number | null
  exporterVersion: string | null
  ownRows: number
  otherRows: number
}

const KNOWN: ReadonlySet<string> = new Set([
  ...CHIP_RULES.keys(),
  ...CHIP_SUMS.flatMap((sum) => sum.of),
  ...Object.values(MEMORY).flatMap(({ used, total }) => [used, total]),
])

/** Reads one `/metrics` page into chips and slices, native values. Never throws; a bad row costs one row. */
export function parsePage(bytes: Uint8Array): ExporterPage {
  const rejections = createRejections<RejectReason>()
  const { rows, help } = parseExposition(bytes, (line, reason) => rejections.add(line, reason))
  const draft: Draft = {
    byKey: new Map(),
    vnpus: new Map(),
    rejections,
    ignored: new Set(),
    npuCount: null,
    cardCount: null,
    exporterVersion: null,
    ownRows: 0,
    otherRows: 0,
  }
  const vdiesOf = diesById(rows)
  for (const row of rows) takeRow(draft, row, vdiesOf)
  return {
    ...draft,
    chips: [...draft.byKey.values()].toSorted((a, b) => a.id - b.id),
    vnpus: [...draft.vnpus.values()],
    ownHelp: [...help.keys()].filter((name) => OWN_NAME.test(name)).length,
  }
}

/** Dies that rows name per id: more than one where several hosts' pages were joined into one. */
function diesById(rows: readonly ExpositionRow[]): ReadonlyMap<number, ReadonlySet<string>> {
  const dies = new Map<number, Set<string>>()
  for (const { name, labels } of rows) {
    if (!name.startsWith('npu_')) continue
    const [id, vdie] = [chipId(labels), canonicalVdie(labelOf(labels, 'vdie'))]
    if (id === null || vdie === null) continue
    const known = dies.get(id) ?? new Set()
    if (known.size < 2) dies.set(id, known.add(vdie))
  }
  return dies
}

function takeRow(
  draft: Draft,
  row: ExpositionRow,
  vdiesOf: ReadonlyMap<number, ReadonlySet<string>>,
): void {
  const { name, labels } = row
  if (!OWN_NAME.test(name) && name !== 'machine_card_nums') {
    draft.otherRows += 1
    return
  }
  draft.ownRows += 1
  if (name === 'machine_npu_nums') draft.npuCount = row.value
  else if (name === 'machine_card_nums') draft.cardCount = row.value
  else if (name === 'npu_exporter_version_info')
    draft.exporterVersion = detached((labels['exporterVersion'] ?? '').slice(0, 64)) || null
  else if (REPEATS.test(name)) ignore(draft, name)
  else if (name.startsWith('vnpu_pod_')) takeVnpuRow(draft, row)
  else {
    const chip = chipOf(draft, row, vdiesOf)
    if (chip !== null) takeChipRow(draft, chip, row)
  }
}

function ignore({ ignored }: Draft, name: string): void {
  if (ignored.size < LIMITS.ignored) ignored.add(detached(name))
}

function chipOf(
  draft: Draft,
  row: ExpositionRow,
  vdiesOf: ReadonlyMap<number, ReadonlySet<string>>,
): ChipRows | null {
  const id = chipId(row.labels)
  if (id === null) {
    draft.rejections.add(row.line, 'no_chip_id')
    return null
  }
  const vdie = canonicalVdie(labelOf(row.labels, 'vdie'))
  const isShared = (vdiesOf.get(id)?.size ?? 0) > 1
  if (isShared && vdie === null) {
    draft.rejections.add(row.line, 'ambiguous_id')
    return null
  }
  const key = isShared ? `${id} ${vdie}` : String(id)
  const known = draft.byKey.get(key)
  if (known !== undefined) return known
  if (draft.byKey.size >= LIMITS.chips) {
    draft.rejections.add(row.line, 'too_many_chips')
    return null
  }
  const chip: ChipRows = {
    id,
    vdie: null,
    bus: null,
    printedModel: null,
    serial: null,
    productType: null,
    samples: new Map(),
    errorCodes: new Map(),
    holders: new Map(),
    joinedHolders: new Map(),
    processIds: new Set(),
    saysProcesses: false,
    newestMs: null,
  }
  draft.byKey.set(key, chip)
  return chip
}

function takeChipRow(draft: Draft, chip: ChipRows, row: ExpositionRow): void {
  const { name, labels } = row
  chip.vdie ??= canonicalVdie(labelOf(labels, 'vdie'))
  chip.bus ??= busOf(labels)
  chip.printedModel ??= labelOf(labels, 'model')
  if (row.timestampMs !== null)
    chip.newestMs = Math.max(chip.newestMs ?? row.timestampMs, row.timestampMs)
  if (name === 'npu_container_info') addHolder(chip.joinedHolders, joinedHolder(labels))
  else if (name === `${CHIP}process_info`) takeProcess(chip, row)
  else {
    addHolder(chip.holders, holderOf(labels))
    if (name === `${CHIP}serial_number`) chip.serial ??= labels['serial_number']?.trim() || null
    else if (name === `${CHIP}product_type`) chip.productType ??= labels['product_type'] || null
    else if (ERROR_CODE.test(name)) keep(draft, chip.errorCodes, row, name)
    else {
      const window = labels['pcie_bw_type']
      const series = window === undefined ? name : `${name}/${window}`
      if (KNOWN.has(series) || STRUCTURE.has(name) || linkOf(name) !== null)
        keep(draft, chip.samples, row, series)
      else ignore(draft, series)
    }
  }
}

function takeProcess(chip: ChipRows, { labels }: ExpositionRow): void {
  addHolder(chip.joinedHolders, joinedHolder(labels))
  chip.saysProcesses = true
  const pid = labels['process_id'] ?? ''
  if (pid !== '' && chip.processIds.size < 4096) chip.processIds.add(pid)
}

function takeVnpuRow(draft: Draft, row: ExpositionRow): void {
  const { labels, name } = row
  const chip = chipId(labels)
  const id = labels['v_dev_id'] ?? ''
  if (!VNPU_RULES.has(name) || labels['is_virtual'] === 'false') ignore(draft, name)
  else if (chip === null || !/^\d{1,6}$/.test(id)) draft.rejections.add(row.line, 'no_chip_id')
  else {
    const key = `${chip}/${id}`
    const known = draft.vnpus.get(key)
    if (known === undefined && draft.vnpus.size >= LIMITS.vnpus) {
      draft.rejections.add(row.line, 'too_many_chips')
      return
    }
    const aicores = /^\d{1,4}(?:\.\d{1,4})?$/.exec(labels['aicore_count'] ?? '')?.[0] ?? null
    const vnpu = known ?? { chip, id, aicores, holder: holderOf(labels), samples: new Map() }
    draft.vnpus.set(key, vnpu)
    keep(draft, vnpu.samples, row, name)
  }
}

/** 2^32-1 and 2^64-1 (as a double 2^64) are the driver's "could not be read" where a build does not print -1. */
const FAILED: ReadonlySet<number> = new Set([-1, 4_294_967_295, 2 ** 64])

/** One sample per series: chips with vNPUs repeat theirs per slice. The newest wins, then the first. */
function keep(draft: Draft, into: Map<string, Sample>, row: ExpositionRow, series: string): void {
  const known = into.get(series)
  const isNewer = (row.timestampMs ?? 0) > (known?.timestampMs ?? 0)
  if (known !== undefined && known.value !== null && !isNewer) return
  const hasFailed = row.value === null || FAILED.has(row.value)
  if (hasFailed) draft.rejections.add(row.line, 'failed_reading')
  into.set(known === undefined ? detached(series) : series, {
    value: hasFailed ? null : row.value,
    timestampMs: row.timestampMs,
    line: row.line,
  })
}

function addHolder(into: Map<string, Holder>, holder: Holder | null): void {
  if (holder !== null && into.size < LIMITS.holders) into.set(JSON.stringify(holder), holder)
}
