import { z } from 'zod'
import { IdleEnergy, LedgerTimes, LossUsd } from './api-ledger-parts.ts'

/**
 * What /api/v1 answers. Fields are snake_case as in SQL; times are RFC 3339 UTC; intervals [from, to);
 * ratios 0..1; a missing value is null. Query validates what it sends against these, the dashboard
 * takes its types from them.
 */

const time = z.iso.datetime()
const ratio = z.number().min(0).max(1)
const seconds = z.number().min(0)

/** How tenants are written for people, by id, where that is not the id itself. */
export const TenantNames = z.object({ tenant: z.record(z.string(), z.string()) })
export type TenantNames = z.infer<typeof TenantNames>

/** Every grouped answer: which definition, which window, how final. */
export const AnswerFrame = z.object({
  definition: z.string(),
  from: time,
  to: time,
  /** Which table answered: raw, 1m_group, 1m, 1h, 1d. */
  resolution: z.enum(['raw', '1m_group', '1m', '1h', '1d']),
  settled_until: time.nullable(),
  /** True when part of the window is newer than settled_until and came from raw samples. */
  provisional: z.boolean(),
  simulated: z.boolean(),
  /** With `group_by=tenant`: the names of the tenants in the keys. */
  names: TenantNames.optional(),
})
export type AnswerFrame = z.infer<typeof AnswerFrame>

/** A tier with its own coverage; value null when nothing spoke for it. */
export const TierFigure = z.object({ value: ratio.nullable(), coverage: ratio.nullable() })
export type TierFigure = z.infer<typeof TierFigure>

export const GroupKey = z.record(z.string(), z.string())

export const FleetGroup = z.object({
  key: GroupKey,
  /** Distinct accepted devices with capacity in the window. */
  devices: z.int(),
  /** busy / known; null when nothing is known. */
  utilization: ratio.nullable(),
  util_lo: ratio.nullable(),
  util_hi: ratio.nullable(),
  /** known / base; null when there is no capacity. */
  coverage: ratio.nullable(),
  capacity_device_seconds: seconds,
  base_device_seconds: seconds,
  known_device_seconds: seconds,
  busy_device_seconds: seconds,
  /** Known device-seconds by the counter that busy was taken from. */
  busy_sources: z.record(z.string(), seconds),
  active: TierFigure,
  effective: TierFigure,
  /** Mean power of devices that report it, summed, watts; and the share of capacity that reported. */
  power_watts: z.number().nullable(),
  power_coverage: ratio.nullable(),
  temperature_celsius_max: z.number().nullable(),
  /** Share of device memory in use, of devices that report it. */
  memory_used: TierFigure,
  /** From here on only with `include=ledger`: device-seconds by state. */
  ledger: LedgerTimes.optional(),
  /** Failed, drained, unallocated, idle, throttled, part-busy and inefficient time, hours. */
  lost_gpu_hours: z.number().optional(),
  loss_usd: LossUsd.optional(),
  /** Some of the dollars come from the price nobody entered. */
  loss_assumed: z.boolean().optional(),
  /** Mean busy devices of the window in units of one H100 (dense BF16); null when no model has a figure. */
  h100_equivalents: z.number().nullable().optional(),
  active_ratio: ratio.nullable().optional(),
  effective_ratio: ratio.nullable().optional(),
  idle_energy: IdleEnergy.optional(),
})
export type FleetGroup = z.infer<typeof FleetGroup>

export const FleetSummary = AnswerFrame.extend({
  groups: z.array(FleetGroup),
  /** Delivering but not yet accepted into capacity (DEFINITIONS section 1): counted apart. */
  pending_devices: z.int(),
})
export type FleetSummary = z.infer<typeof FleetSummary>

/** One line of a chart. `values` and `coverage` have the same length; value i is [t0 + i x step). */
export const Series = z.object({
  key: GroupKey,
  metric: z.string(),
  unit: z.string(),
  t0: z.int(),
  step_ms: z.int(),
  values: z.array(z.number().nullable()),
  coverage: z.array(ratio.nullable()),
  /** Bounds, for utilization only. */
  lo: z.array(ratio.nullable()).optional(),
  hi: z.array(ratio.nullable()).optional(),
})
export type Series = z.infer<typeof Series>

export const SeriesAnswer = AnswerFrame.extend({ groups: z.array(Series) })
export type SeriesAnswer = z.infer<typeof SeriesAnswer>

/**
 * reporting: a sample with a value within 3 intervals; failed: samples, but not one value in any of them (its
 * tool lists it and cannot read it); silent: no sample any more; never: none ever.
 */
export const DeviceState = z.enum(['reporting', 'failed', 'silent', 'never'])
export type DeviceState = z.infer<typeof DeviceState>

/**
 * What the ledger counts a device as now: failed, drained and verification by inventory, states and findings; held by
 * somebody who is named; free where a source speaks and names nobody; untold where no source speaks.
 */
export const DEVICE_LEDGER_STATES = [
  'failed',
  'drained',
  'verification',
  'held',
  'free',
  'untold',
] as const
export const DeviceLedgerState = z.enum(DEVICE_LEDGER_STATES)
export type DeviceLedgerState = z.infer<typeof DeviceLedgerState>

/** Who holds a device, or a part of it; empty = not said. */
export const DeviceHolder = z.object({
  tenant: z.string(),
  /** As the owners file writes it; the id of the tenant where it says nothing. */
  display_name: z.string(),
  job: z.string(),
  class: z.string(),
  billing: z.string(),
  /** Part of the device. */
  share: ratio,
})
export type DeviceHolder = z.infer<typeof DeviceHolder>

/** What the ledger goes by for a device now. */
export const DeviceLedger = z.object({
  state: DeviceLedgerState,
  /** Since when it is failed, drained or in verification, as entered or found; null where that is not known. */
  since: time.nullable(),
  /** Why: as entered, else the finding that says so. The Chinese text is empty where it is the same. */
  reason: z.string(),
  reason_zh: z.string(),
  ticket: z.string(),
  waiting_on: z.string(),
  eta: time.nullable(),
  /** Who speaks of holders here: api, slurm, csv, import, telemetry, none. */
  allocation_source: z.string(),
  holders: z.array(DeviceHolder),
})
export type DeviceLedger = z.infer<typeof DeviceLedger>

export const Device = z.object({
  /** 64-bit hash of the canonical key, as a string. */
  device_id: z.string(),
  canonical_key: z.string(),
  keys: z.array(z.string()),
  vendor: z.string(),
  model: z.string(),
  /** Where it stands: as the ledger goes by, where `ledger` is null as its collector says. */
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  pool: z.string(),
  node: z.string(),
  /** Where its collector says it stands; the page of its node is found by this cluster. */
  told: z.object({
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    pool: z.string(),
  }),
  index: z.int().nullable(),
  bus: z.string(),
  parent_id: z.string().nullable(),
  partition: z
    .object({ id: z.string(), profile: z.string().nullable(), share: ratio.nullable() })
    .nullable(),
  /** Who holds it as labels and process lists tell; who counts is in `ledger`. */
  holder: z.record(z.string(), z.string()).nullable(),
  /** What the ledger counts it as now; null = it is in no capacity, or the ledger is hours behind. */
  ledger: DeviceLedger.nullable(),
  sources: z.array(z.string()),
  state: DeviceState,
  /** In capacity, or delivered and waiting for acceptance. */
  accepted: z.boolean(),
  /** When it was first described; null = not known. */
  first_seen: time.nullable(),
  last_sample_at: time.nullable(),
  interval_ms: z.int().nullable(),
  busy_source: z.string(),
  /** Latest value of every metric that has one within three intervals, or 10 s; canonical units. */
  latest: z.record(z.string(), z.number().nullable()),
})
export type Device = z.infer<typeof Device>

export const DeviceList = z.object({
  devices: z.array(Device),
  total: z.int(),
  next_cursor: z.string().nullable(),
  simulated: z.boolean(),
})
export type DeviceList = z.infer<typeof DeviceList>

export const DeviceEvent = z.object({
  at: time,
  device_id: z.string().nullable(),
  node: z.string(),
  source: z.string(),
  type: z.string(),
  code: z.string(),
  severity: z.string(),
  edge: z.string(),
  message: z.string(),
  /** The same in Chinese; empty for events of collectors before 0.2. */
  message_zh: z.string(),
  /** What the code is about (schemas/faults.ts) and what to do next; empty where nobody knows. */
  fault_class: z.string(),
  action: z.string(),
  action_zh: z.string(),
})
export type DeviceEvent = z.infer<typeof DeviceEvent>

/** What a version was from when until when; `until` is null while it holds. */
export const DatedFact = z.object({
  /** Null = a fact about the node, shared by its devices. */
  device_id: z.string().nullable(),
  /** driver_version, vbios_version… (FACT_NAMES). */
  name: z.string(),
  value: z.string(),
  source: z.string(),
  from: time,
  until: time.nullable(),
})
export type DatedFact = z.infer<typeof DatedFact>

/** One link or port as it is, and what its error counters did in the last 24 hours. */
export const LinkState = z.object({
  /** Null = a port of the node. */
  device_id: z.string().nullable(),
  link: z.string(),
  at: time,
  /** Latest values by the names of LINK_METRICS, as far as they are at most three intervals old. */
  latest: z.record(z.string(), z.number()),
  /** Counters per second between the last two readings; absent without two. */
  per_second: z.record(z.string(), z.number()),
  /** What counters rose by in the last 24 hours. */
  increase_24h: z.record(z.string(), z.number()),
})
export type LinkState = z.infer<typeof LinkState>

export const DeviceDetail = z.object({
  device: Device,
  labels: z.record(z.string(), z.string()),
  partitions: z.array(Device),
  /** Newest first, at most 200. */
  events: z.array(DeviceEvent),
  /** Its own facts and those of its node, newest first. */
  facts: z.array(DatedFact),
  links: z.array(LinkState),
  first_seen: time.nullable(),
  simulated: z.boolean(),
})
export type DeviceDetail = z.infer<typeof DeviceDetail>

export const TargetHealth = z.object({
  cluster: z.string(),
  collector: z.string(),
  source: z.string(),
  target: z.string(),
  node: z.string(),
  at: time,
  outcome: z.enum(['ok', 'absent', 'failed']),
  reason: z.string(),
  detail: z.string(),
  since: time,
  last_ok: time.nullable(),
  interval_ms: z.int(),
  duration_ms: z.number(),
  bytes: z.int(),
  devices: z.int(),
  readings: z.int(),
  rejected: z.record(z.string(), z.int()),
  examples: z.array(z.object({ line: z.string(), reason: z.string() })),
  /** True when the collector itself has not reported within three minutes: its last word may be old. */
  stale: z.boolean(),
  /** Metric -> devices (nodes, links) that gave a value in the last good answer. */
  fields: z.record(z.string(), z.int()),
  /** Metrics this source usually gives and no device of this target gave. */
  missing: z.array(z.string()),
  /** Metrics that came before and no longer do, with the version of the tool at that time. */
  vanished: z.array(z.object({ metric: z.string(), last: time, version: z.string() })),
  /** Versions and format as the tool states them. */
  tool: z.record(z.string(), z.string()),
})
export type TargetHealth = z.infer<typeof TargetHealth>

/** Targets counted under one key of `group_by`. */
export const CollectionGroup = z.object({
  key: GroupKey,
  targets: z.int(),
  ok: z.int(),
  absent: z.int(),
  failed: z.int(),
  stale: z.int(),
  devices: z.int(),
  /** Refused lines and values since the collectors started. */
  rejected: z.int(),
  /** Targets with a field expected but absent, and with one that vanished. */
  with_missing: z.int(),
  with_vanished: z.int(),
})
export type CollectionGroup = z.infer<typeof CollectionGroup>

export const CollectionAnswer = z.object({
  simulated: z.boolean(),
  /** One line per key when `group_by` is given, else empty. */
  groups: z.array(CollectionGroup),
  /** Of all targets, whatever the filters. */
  totals: z.object({
    targets: z.int(),
    /** ok, absent and failed count only targets heard of within three minutes, stale the others. */
    ok: z.int(),
    absent: z.int(),
    failed: z.int(),
    stale: z.int(),
    /** Of the targets counted in `ok`. */
    devices: z.int(),
    /** Refused lines and values by reason since the collectors started. */
    rejected: z.record(z.string(), z.int()),
    quarantined_24h: z.int(),
  }),
  pipeline: z.object({
    lag_messages: z.int().nullable(),
    inserted_rows: z.int(),
    settled_until: time.nullable(),
    newest_sample_at: time.nullable(),
  }),
  /** Failed first, then stale, then the rest; paged. */
  targets: z.array(TargetHealth),
  /** Targets that the filters leave. */
  total: z.int(),
  next_cursor: z.string().nullable(),
  gaps: z.array(DeviceEvent),
})
export type CollectionAnswer = z.infer<typeof CollectionAnswer>

/** One SSE message `event: fleet` of /api/v1/live; its id is `at` in epoch ms. */
export const LiveFleet = z.object({
  at: z.int(),
  simulated: z.boolean(),
  /** Utilization of the last closed minute, provisional. */
  fleet: FleetGroup,
  by_cluster: z.array(FleetGroup),
  by_model: z.array(FleetGroup),
  reporting_devices: z.int(),
  /** Accepted devices without a value within 3 intervals: silent ones and failed ones. */
  silent_devices: z.int(),
  pending_devices: z.int(),
  /** Targets that do not answer: failed ones, and stale ones, whose collector says nothing any more. */
  failed_targets: z.int(),
  newest_sample_at: time.nullable(),
  settled_until: time.nullable(),
  /** Caption of a running demo incident, else null. */
  caption: z.object({ en: z.string(), zh: z.string() }).nullable(),
  /** What the demo does not know yet (history still being settled), else null. */
  notice: z.object({ en: z.string(), zh: z.string() }).nullable(),
})
export type LiveFleet = z.infer<typeof LiveFleet>

/** What a browser needs before its first screen. */
export const SessionInfo = z.object({
  name: z.string().nullable(),
  role: z.enum(['read', 'operate', 'admin']).nullable(),
  login_needed: z.boolean(),
  simulated: z.boolean(),
  site_timezone: z.string(),
  version: z.string(),
  definition: z.string(),
  /** Present in the demo only: whether `Play the incident` may be pressed. */
  demo: z.object({ incident_running: z.boolean() }).nullable(),
})
export type SessionInfo = z.infer<typeof SessionInfo>

export const ApiError = z.object({
  error: z.object({ code: z.string(), message: z.string(), docs: z.string() }),
})
export type ApiError = z.infer<typeof ApiError>
