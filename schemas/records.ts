import { z } from 'zod'

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

/** Anything a batch carries beside samples. */
export const BatchRecord = z.discriminatedUnion('kind', [EventRecord, TargetRecord, GapRecord])
export type BatchRecord = z.infer<typeof BatchRecord>
