import type {
  BatchRecord,
  CollectorStatusRecord,
  EventRecord,
  FactRecord,
  GapRecord,
  MeterSampleRecord,
  NodeSampleRecord,
  TargetRecord,
} from '#schemas/records.ts'
import { BOOT_PATTERN } from '#schemas/subjects.ts'
import { deviceId, fleetKey } from '../identity/device-id.ts'
import type { IdentityRegistry } from '../identity/registry.ts'
import type { Sender } from './delivery.ts'
import { type Accepted, DEFAULT_TIME_LIMITS } from './read-message.ts'
import { iso, type JsonRow } from './rows.ts'
import type { SeqRange } from './seq-ranges.ts'
import { type MeterRow, meterRows } from './meter-rows.ts'
import { type TallRow, tallRows } from './tall-rows.ts'

/** Rows of the records that batches carried. */
export interface RecordRows {
  readonly events: readonly JsonRow[]
  readonly targets: readonly JsonRow[]
  readonly facts: readonly JsonRow[]
  readonly nodes: readonly TallRow[]
  readonly links: readonly TallRow[]
  readonly meters: readonly MeterRow[]
  /** Ranges that collectors gave up and that the store does not have. */
  readonly lost: readonly LostRange[]
  /** What collectors said about themselves. */
  readonly statuses: readonly CollectorStatus[]
  /** Records with an impossible time or range, and values of nodes, links and meters outside theirs: counted. */
  readonly refused: number
}

export interface LostRange {
  readonly sender: Sender
  readonly range: SeqRange
  readonly atMs: number
  /** Absent for a message that only the quarantine has. */
  readonly reason?: GapRecord['reason']
}

/** A collector's word about itself, and who said it when. */
export interface CollectorStatus {
  readonly sender: Sender
  readonly atMs: number
  readonly receivedAtMs: number
  /** Added to every time of the record, ms. */
  readonly shiftMs: number
  readonly simulated: boolean
  readonly record: CollectorStatusRecord
}

/** As for samples: a record further ahead of its receipt than this has a broken clock. */
const AHEAD_MAX_MS = 60_000
/** Facts and node samples older than a spool keeps anything are of a broken clock too. */
const BEHIND_MAX_MS = DEFAULT_TIME_LIMITS.maxAgeMs

interface Sheet {
  readonly events: JsonRow[]
  readonly targets: JsonRow[]
  readonly facts: JsonRow[]
  readonly nodes: TallRow[]
  readonly links: TallRow[]
  readonly meters: MeterRow[]
  readonly lost: LostRange[]
  readonly statuses: CollectorStatus[]
  refused: number
}

/** Turns the records of checked messages into rows of their tables. */
export function stageRecords(
  accepted: readonly Accepted[],
  registry: IdentityRegistry,
  missing: (sender: Sender, range: SeqRange) => readonly SeqRange[],
): RecordRows {
  const sheet: Sheet = {
    events: [],
    targets: [],
    facts: [],
    nodes: [],
    links: [],
    meters: [],
    lost: [],
    statuses: [],
    refused: 0,
  }
  for (const one of accepted)
    for (const record of one.batch.records) {
      const atMs = record.at_ms + one.shiftMs
      if (atMs > one.message.receivedAtMs + AHEAD_MAX_MS) sheet.refused += 1
      else if (record.kind === 'event') sheet.events.push(eventRow(one, record, registry))
      else if (record.kind === 'target') sheet.targets.push(targetRow(one, record))
      else if (record.kind === 'gap') addGap(sheet, one, record, missing)
      else if (atMs < one.message.receivedAtMs - BEHIND_MAX_MS) sheet.refused += 1
      else if (record.kind === 'collector_status') sheet.statuses.push(statusOf(one, record))
      else if (record.kind === 'fact') sheet.facts.push(factRow(one, record, registry))
      else if (record.kind === 'meter_sample') addMeter(sheet, one, record)
      else addSample(sheet, one, record, registry)
    }
  return sheet
}

function addGap(
  sheet: Sheet,
  one: Accepted,
  record: GapRecord,
  missing: (sender: Sender, range: SeqRange) => readonly SeqRange[],
): void {
  if (!BOOT_PATTERN.test(record.boot) || record.to_seq < record.from_seq) {
    sheet.refused += 1
    return
  }
  for (const gap of gaps(one, record, missing)) {
    sheet.lost.push(gap)
    sheet.events.push(gapRow(one, record, gap.range))
  }
}

function addSample(
  sheet: Sheet,
  one: Accepted,
  record: NodeSampleRecord,
  registry: IdentityRegistry,
): void {
  const { rows, refused } = tallRows(record, {
    atMs: record.at_ms + one.shiftMs,
    cluster: one.batch.cluster,
    deviceId: deviceIdOf(one, record, registry),
    logPosition: one.message.position,
  })
  const target = record.link === null ? sheet.nodes : sheet.links
  for (const row of rows) target.push(row)
  sheet.refused += refused
}

function addMeter(sheet: Sheet, one: Accepted, record: MeterSampleRecord): void {
  const atMs = record.at_ms + one.shiftMs
  const { rows, refused } = meterRows(record, { atMs, logPosition: one.message.position })
  for (const row of rows) sheet.meters.push(row)
  sheet.refused += refused
}

/** The id of the device a record names by its key, 0 when it is of a node. */
function deviceIdOf(
  { batch }: Accepted,
  { device_key: key }: Pick<EventRecord, 'device_key'>,
  registry: IdentityRegistry,
): bigint {
  if (key === null) return 0n
  const known = fleetKey(batch.cluster, key, null)
  return registry.lookup(known) ?? deviceId(known)
}

function gaps(
  { batch, shiftMs }: Accepted,
  record: GapRecord,
  missing: (sender: Sender, range: SeqRange) => readonly SeqRange[],
) {
  const sender = { cluster: batch.cluster, collector: batch.collector, boot: record.boot }
  const told = { from: record.from_seq, to: record.to_seq }
  const { reason } = record
  return missing(sender, told).map((range) => ({
    sender,
    range,
    atMs: record.at_ms + shiftMs,
    reason,
  }))
}

function statusOf(
  { batch, message, shiftMs }: Accepted,
  record: CollectorStatusRecord,
): CollectorStatus {
  const { cluster, collector, boot, simulated } = batch
  return {
    sender: { cluster, collector, boot },
    atMs: record.at_ms + shiftMs,
    receivedAtMs: message.receivedAtMs,
    shiftMs,
    simulated,
    record,
  }
}

const common = ({ batch, message, shiftMs }: Accepted, record: BatchRecord): JsonRow => ({
  at: iso(record.at_ms + shiftMs),
  cluster: batch.cluster,
  collector: batch.collector,
  log_position: message.position,
})

function eventRow(one: Accepted, record: EventRecord, registry: IdentityRegistry): JsonRow {
  const { node, source, type, code, severity, edge, message } = record
  // Collectors before 0.2 send none of these.
  const { message_zh = '', fault_class = '', action = '', action_zh = '' } = record
  return {
    ...common(one, record),
    device_id: deviceIdOf(one, record, registry),
    node,
    source,
    type,
    code,
    severity,
    edge,
    message,
    message_zh,
    fault_class,
    action,
    action_zh,
  }
}

function factRow(one: Accepted, record: FactRecord, registry: IdentityRegistry): JsonRow {
  const { node, name, value, source } = record
  const { at, cluster, log_position } = common(one, record)
  const device_id = deviceIdOf(one, record, registry)
  return { at, cluster, node, device_id, name, value, source, log_position }
}

/** A gap is an event of the collector: exactly which sequences are gone, and from when. */
function gapRow(one: Accepted, record: GapRecord, { from, to }: SeqRange): JsonRow {
  const span = `${iso(record.from_ms + one.shiftMs)} to ${iso(record.to_ms + one.shiftMs)}`
  return {
    ...common(one, record),
    device_id: 0n,
    node: '',
    source: '',
    type: 'gap',
    code: record.reason,
    severity: 'warning',
    edge: 'point',
    message: `${to - from + 1} batches lost (${from} to ${to} of boot ${record.boot}), samples of ${span}`,
    message_zh: `丢失 ${to - from + 1} 个批次（启动 ${record.boot} 的 ${from} 至 ${to}），涉及 ${span} 的样本`,
  }
}

function targetRow(one: Accepted, record: TargetRecord): JsonRow {
  const { source, target, node, outcome, reason, detail, interval_ms, duration_ms } = record
  const { bytes, devices, readings, rejected } = record
  // Collectors before 0.2 send none of these.
  const { fields = {}, missing = [], vanished = [], tool = {} } = record
  const { at, cluster, collector } = common(one, record)
  return {
    at,
    cluster,
    collector,
    source,
    target,
    node,
    outcome,
    reason,
    detail,
    since: iso(record.since_ms + one.shiftMs),
    last_ok: record.last_ok_ms === null ? null : iso(record.last_ok_ms + one.shiftMs),
    interval_ms,
    duration_ms,
    bytes,
    devices,
    readings,
    rejected,
    examples: JSON.stringify(record.examples),
    fields,
    missing,
    vanished: JSON.stringify(vanished),
    tool,
    simulated: one.batch.simulated ? 1 : 0,
  }
}
