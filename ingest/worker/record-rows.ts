import type { BatchRecord, EventRecord, GapRecord, TargetRecord } from '#schemas/records.ts'
import { BOOT_PATTERN } from '#schemas/subjects.ts'
import { deviceId, fleetKey } from '../identity/device-id.ts'
import type { IdentityRegistry } from '../identity/registry.ts'
import type { Sender } from './delivery.ts'
import type { Accepted } from './read-message.ts'
import { iso, type JsonRow } from './rows.ts'
import type { SeqRange } from './seq-ranges.ts'

/** Rows of the records that batches carried. */
export interface RecordRows {
  readonly events: readonly JsonRow[]
  readonly targets: readonly JsonRow[]
  /** Ranges that collectors gave up and that the store does not have. */
  readonly lost: readonly {
    readonly sender: Sender
    readonly range: SeqRange
    readonly atMs: number
  }[]
  /** Records with an impossible time or range: refused, counted. */
  readonly refused: number
}

/** As for samples: a record further ahead of its receipt than this has a broken clock. */
const AHEAD_MAX_MS = 60_000

/** Turns the records of checked messages into rows of events and collection_targets. */
export function stageRecords(
  accepted: readonly Accepted[],
  registry: IdentityRegistry,
  missing: (sender: Sender, range: SeqRange) => readonly SeqRange[],
): RecordRows {
  const events: JsonRow[] = []
  const targets: JsonRow[] = []
  const lost: { sender: Sender; range: SeqRange; atMs: number }[] = []
  let refused = 0
  for (const one of accepted) {
    for (const record of one.batch.records) {
      const atMs = record.at_ms + one.shiftMs
      if (atMs > one.message.receivedAtMs + AHEAD_MAX_MS) refused += 1
      else if (record.kind === 'event') events.push(eventRow(one, record, registry))
      else if (record.kind === 'target') targets.push(targetRow(one, record))
      else if (record.kind === 'fact' || record.kind === 'node_sample') continue
      else if (!BOOT_PATTERN.test(record.boot) || record.to_seq < record.from_seq) refused += 1
      else
        for (const gap of gaps(one, record, missing)) {
          lost.push(gap)
          events.push(gapRow(one, record, gap.range))
        }
    }
  }
  return { events, targets, lost, refused }
}

function gaps(
  { batch, shiftMs }: Accepted,
  record: GapRecord,
  missing: (sender: Sender, range: SeqRange) => readonly SeqRange[],
) {
  const sender = { cluster: batch.cluster, collector: batch.collector, boot: record.boot }
  const told = { from: record.from_seq, to: record.to_seq }
  return missing(sender, told).map((range) => ({ sender, range, atMs: record.at_ms + shiftMs }))
}

const common = ({ batch, message, shiftMs }: Accepted, record: BatchRecord): JsonRow => ({
  at: iso(record.at_ms + shiftMs),
  cluster: batch.cluster,
  collector: batch.collector,
  log_position: message.position,
})

function eventRow(one: Accepted, record: EventRecord, registry: IdentityRegistry): JsonRow {
  const key =
    record.device_key === null ? null : fleetKey(one.batch.cluster, record.device_key, null)
  const { node, source, type, code, severity, edge, message } = record
  return {
    ...common(one, record),
    device_id: key === null ? 0n : (registry.lookup(key) ?? deviceId(key)),
    node,
    source,
    type,
    code,
    severity,
    edge,
    message,
  }
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
  }
}

function targetRow(one: Accepted, record: TargetRecord): JsonRow {
  const { source, target, node, outcome, reason, detail, interval_ms, duration_ms } = record
  const { bytes, devices, readings, rejected } = record
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
    simulated: one.batch.simulated ? 1 : 0,
  }
}
