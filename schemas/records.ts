import { z } from 'zod'
import { FACT_NAMES, FAULT_CLASSES } from '#schemas/faults.ts'
import { METER_ID_PATTERN } from '#schemas/meter-id.ts'

const text = z.string().max(256)
const epochMs = z.int().min(0).max(8.64e15)

/** A finding on one device or node at one moment: an edge, never a level that repeats. */
export const EventRecord = z.strictObject({
  kind: z.literal('event'),
  at_ms: epochMs,
  node: text,
  /** keys[0] of the device, or null for a node-wide event. */
  device_key: text.nullable(),
  source: text,
  /** xid, health, clock_reanchor, measurement_changed, collector_start, counter_reset… */
  type: text,
  /** Vendor code as text (`79`, `8C03A000`), or empty. */
  code: text,
  severity: z.enum(['info', 'warning', 'critical', 'fatal']),
  /** `open` at the edge up, `closed` at the edge down, `point` for a moment without duration. */
  edge: z.enum(['open', 'closed', 'point']),
  message: z.string().max(1024),
  message_zh: z.string().max(1024).optional(),
  /** What the code is about and what to do next; absent where the source's fault table has no line. */
  fault_class: z.enum(FAULT_CLASSES).optional(),
  action: z.string().max(1024).optional(),
  action_zh: z.string().max(1024).optional(),
})
export type EventRecord = z.infer<typeof EventRecord>

/** What reading one target gave, sent on every change of outcome and once a minute. */
export const TargetRecord = z.strictObject({
  kind: z.literal('target'),
  at_ms: epochMs,
  source: text,
  /** URL or command; secrets removed. */
  target: z.string().max(1024),
  node: text,
  outcome: z.enum(['ok', 'absent', 'failed']),
  /** Machine-readable cause (`timeout`, `http_500`, `empty_page`, `dcmi_-8005`), empty when ok. */
  reason: text,
  /** One sentence for a person: what was seen and what to do. */
  detail: z.string().max(1024),
  since_ms: epochMs,
  last_ok_ms: epochMs.nullable(),
  interval_ms: z.int().min(0),
  duration_ms: z.number().min(0),
  bytes: z.int().min(0),
  devices: z.int().min(0),
  readings: z.int().min(0),
  /** Rejected lines and values by reason, summed since the collector started. */
  rejected: z.record(text, z.int().min(0)),
  /** A few rejected lines, cut, as examples. */
  examples: z.array(z.strictObject({ line: z.string().max(512), reason: text })).max(8),
  // Collectors before 0.2 do not send what follows.
  /** Canonical metric -> devices that gave a value in the last answer. */
  fields: z.record(text, z.int().min(0)).optional(),
  /** Metrics the source usually gives and no device gave. */
  missing: z.array(text).max(256).optional(),
  /** Metrics that were given under an earlier tool version, and when last. */
  vanished: z
    .array(z.strictObject({ metric: text, last_ms: epochMs, version: text }))
    .max(64)
    .optional(),
  /** Versions and format as the tool states them. */
  tool: z.record(text, text).optional(),
})
export type TargetRecord = z.infer<typeof TargetRecord>

/** Batches a collector no longer has: exactly which sequences of which boot. */
export const GapRecord = z.strictObject({
  kind: z.literal('gap'),
  at_ms: epochMs,
  boot: text,
  from_seq: z.int().min(1),
  to_seq: z.int().min(1),
  from_ms: epochMs,
  to_ms: epochMs,
  reason: z.enum(['spool_full', 'spool_damaged', 'expired']),
})
export type GapRecord = z.infer<typeof GapRecord>

/** A fact about a node, or one of its devices, that changes rarely: sent at first sight and on change. */
export const FactRecord = z.strictObject({
  kind: z.literal('fact'),
  at_ms: epochMs,
  node: text,
  /** keys[0] of the device; null for the node. */
  device_key: text.nullable(),
  source: text,
  name: z.enum(FACT_NAMES),
  value: text,
})
export type FactRecord = z.infer<typeof FactRecord>

/**
 * One moment of one node, or of one link or port. Few and slow beside device samples, so they travel as
 * records; names are of schemas/node-metrics.ts, values canonical and inside their range.
 */
export const NodeSampleRecord = z.strictObject({
  kind: z.literal('node_sample'),
  at_ms: epochMs,
  step_ms: z.int().min(1000).max(60_000),
  node: text,
  source: text,
  /** keys[0] of the device the link belongs to; null for the node and its own ports. */
  device_key: text.nullable(),
  /** `nvlink/3`, `hccs/1`, `mlx5_0/1`; null for the node itself. */
  link: text.nullable(),
  values: z.record(text, z.number()),
})
export type NodeSampleRecord = z.infer<typeof NodeSampleRecord>

/**
 * One moment of one measuring point of the site; names are of schemas/meter-metrics.ts, values canonical and inside
 * their range. Ingest before 0.4 does not know this kind: upgrade ingest first.
 */
export const MeterSampleRecord = z.strictObject({
  kind: z.literal('meter_sample'),
  at_ms: epochMs,
  /** How often the point is read: what its values speak for. */
  step_ms: z.int().min(1000).max(3_600_000),
  meter: z.string().regex(METER_ID_PATTERN),
  source: text,
  values: z.record(text, z.number()),
})
export type MeterSampleRecord = z.infer<typeof MeterSampleRecord>

const count = z.int().min(0)
const small = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)

/**
 * How a collector is, once a minute and at its stop. Always in a message without samples: ingest before
 * 0.3 does not know this kind and puts the whole message into quarantine, where nothing else is lost by it.
 */
export const CollectorStatusRecord = z.strictObject({
  kind: z.literal('collector_status'),
  at_ms: epochMs,
  node: text,
  version: text,
  /** A collector that is not heard of for two and a half of these is silent. */
  interval_ms: z.int().min(1_000).max(3_600_000),
  started_at_ms: epochMs,
  /** The last word of a collector that was told to stop: its silence is wanted. */
  stopping: z.boolean(),
  devices: small,
  targets: z.strictObject({ ok: small, failed: small, absent: small }),
  batches: count,
  rows: count,
  published: count,
  refused: count,
  resent: count,
  lost: count,
  dropped_records: count,
  /** When ingest last said what is stored; null = not since the start. */
  watermark_ms: epochMs.nullable(),
  spool: z.strictObject({
    bytes: count,
    max_bytes: count,
    /** Batches not known to be in the store. */
    waiting: count,
    /** Since when the oldest of them waits; null = none does, or the disk cannot be read. */
    oldest_ms: epochMs.nullable(),
    memory_bytes: count,
    memory_batches: count,
    dropped: count,
    damaged: count,
    disk_errors: count,
    alarm: text,
  }),
  rss_bytes: count,
  cpu_seconds: z.number().min(0),
})
export type CollectorStatusRecord = z.infer<typeof CollectorStatusRecord>

/** Anything a batch carries beside samples. */
export const BatchRecord = z.discriminatedUnion('kind', [
  EventRecord,
  TargetRecord,
  GapRecord,
  FactRecord,
  NodeSampleRecord,
  MeterSampleRecord,
  CollectorStatusRecord,
])
export type BatchRecord = z.infer<typeof BatchRecord>
