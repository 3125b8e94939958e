import { z } from 'zod'
import {
  Acknowledgement,
  AlertTransition,
  DeliveryResult,
  Fingerprint,
  Notification,
  RosterOverride,
  Silence,
} from '#schemas/alerts/alert.ts'
import { Annotation, AnnotationId } from '#schemas/annotation.ts'
import { LoopRow, MeterRow, SiteRow } from '#schemas/facility.ts'
import { Billing } from '#schemas/billing.ts'
import { SchedulerJob } from '#schemas/scheduler-job.ts'
import { CostBook, IssuedReport, ReportDelivery, ReportSend } from '#schemas/report/issued.ts'

/**
 * What people and rules change, as entries of one append-only log (DESIGN section 8). The log is the truth; tables of
 * the store mirror it. Times are epoch ms, intervals half-open [from, to); `to_ms: null` = has not ended.
 */

const text = z.string().max(256)
const name = z.string().min(1).max(128)
const epochMs = z.int().min(0).max(8.64e15)

/** Rows of one entry at most: an entry is one message. Longer imports are several entries with one `import_id`. */
export const JOURNAL_ROWS_MAX = 2_000

/** One device as the inventory lists it. At least one of `key`, or `node` with `index` or `bus`, says which. */
export const InventoryDevice = z.strictObject({
  /** `uuid:…`, `vdie:…`, `serial:…` or `slot:<node>/<bus>/<chip>`, as batches name devices; empty = by place. */
  key: text.default(''),
  node: text.default(''),
  index: z.int().min(0).nullable().default(null),
  bus: text.default(''),
  site: text.default(''),
  cluster: text.default(''),
  hall: text.default(''),
  rack: text.default(''),
  pool: text.default(''),
  vendor: text.default(''),
  model: text.default(''),
  /** Null = never said. Capacity is [accepted, retired); delivered and not accepted is counted on a line of its own. */
  delivered_ms: epochMs.nullable().default(null),
  accepted_ms: epochMs.nullable().default(null),
  retired_ms: epochMs.nullable().default(null),
})
export type InventoryDevice = z.infer<typeof InventoryDevice>

/** Where a node stands from a moment on; its devices stand there too unless they say otherwise. */
export const NodePlace = z.strictObject({
  node: name,
  site: text.default(''),
  cluster: text.default(''),
  hall: text.default(''),
  rack: text.default(''),
  pool: text.default(''),
  from_ms: epochMs,
})
export type NodePlace = z.infer<typeof NodePlace>

/** Why a device gives no work although it is capacity: shown with what it waits for and until when. */
export const DeviceStateInterval = z.strictObject({
  state: z.enum(['failed', 'drained', 'verification']),
  /** One device by key, or all devices of `node` when the key is empty. */
  key: text.default(''),
  node: text.default(''),
  from_ms: epochMs,
  to_ms: epochMs.nullable(),
  /** drain, maintenance, curtailment, powered_off, rma, burn_in, health_check… */
  reason: name,
  ticket: text.default(''),
  waiting_on: text.default(''),
  eta_ms: epochMs.nullable().default(null),
})
export type DeviceStateInterval = z.infer<typeof DeviceStateInterval>

/** Somebody holds a device, or a share of it, for a while. */
export const Allocation = z.strictObject({
  /** As in DeviceStateInterval; with `node` and no `index` all devices of the node. */
  key: text.default(''),
  node: text.default(''),
  index: z.int().min(0).nullable().default(null),
  /** Job, pod or lease id: with source and `from_ms` it names the interval, so a correction replaces it. */
  holder: name,
  job: text.default(''),
  tenant: text.default(''),
  account: text.default(''),
  queue: text.default(''),
  class: text.default(''),
  billing: Billing.default('unknown'),
  source: z.enum(['api', 'slurm', 'csv', 'import']),
  confidence: z.enum(['exact', 'derived', 'node', 'unresolved']).default('exact'),
  from_ms: epochMs,
  to_ms: epochMs.nullable(),
  /** Part of the device, 0..1; null = whatever the others leave, in equal parts. */
  share: z.number().gt(0).max(1).nullable().default(null),
})
export type Allocation = z.infer<typeof Allocation>

/** From when to when a scheduler's word about these devices is complete: there, nobody named = nobody holds it. */
export const AllocationScope = z.strictObject({
  source: Allocation.shape.source,
  cluster: text.default(''),
  /** Empty = every node of the cluster. */
  node: text.default(''),
  from_ms: epochMs,
  to_ms: epochMs.nullable(),
})
export type AllocationScope = z.infer<typeof AllocationScope>

/** A tenant: who it is, and which accounts, namespaces and queues are its (`*` and `?` as in file names). */
export const Owner = z.strictObject({
  tenant: name,
  display_name: text,
  contact: text.default(''),
  accounts: z.array(name).max(256).default([]),
  namespaces: z.array(name).max(256).default([]),
  queues: z.array(name).max(256).default([]),
  billing: Billing.default('unknown'),
})
export type Owner = z.infer<typeof Owner>

/** One line of the price book: dollars, or another currency, per device hour. Empty model or pool = any. */
export const PriceLine = z.strictObject({
  from_ms: epochMs,
  model: text.default(''),
  pool: text.default(''),
  per_hour: z.number().min(0),
  currency: z.string().regex(/^[A-Z]{3}$/),
})
export type PriceLine = z.infer<typeof PriceLine>

/** US dollars for one unit of a currency from a moment on. */
export const CurrencyRate = z.strictObject({
  from_ms: epochMs,
  currency: z.string().regex(/^[A-Z]{3}$/),
  usd: z.number().gt(0),
})
export type CurrencyRate = z.infer<typeof CurrencyRate>

/** Electricity from a moment on, by minute of the site's local day: the last period that began counts. */
export const ElectricityPrice = z.strictObject({
  from_ms: epochMs,
  currency: z.string().regex(/^[A-Z]{3}$/),
  periods: z
    .array(z.strictObject({ from_minute: z.int().min(0).max(1439), per_kwh: z.number().min(0) }))
    .min(1)
    .max(48),
})
export type ElectricityPrice = z.infer<typeof ElectricityPrice>

/** What effective share a workload class is expected to reach on a model; below half of it is `inefficient`. */
export const EfficiencyReference = z.strictObject({
  from_ms: epochMs,
  class: text,
  model: text,
  /** 0..1, of the effective tier. */
  effective: z.number().gt(0).max(1),
})
export type EfficiencyReference = z.infer<typeof EfficiencyReference>

/** Devices sold to a tenant for a time, used or not. */
export const Contract = z.strictObject({
  id: name,
  tenant: name,
  model: text,
  pool: text.default(''),
  devices: z.int().min(1),
  from_ms: epochMs,
  to_ms: epochMs.nullable(),
  /** Per device hour; null with a flat fee. */
  rate_per_hour: z.number().min(0).nullable(),
  /** For the whole time; null with a rate. */
  flat_fee: z.number().min(0).nullable(),
  currency: z.string().regex(/^[A-Z]{3}$/),
})
export type Contract = z.infer<typeof Contract>

const rows = <Row extends z.ZodType>(row: Row) => z.array(row).max(JOURNAL_ROWS_MAX)
/** Parts of one import share this; a later import replaces rows that name the same thing. */
const importId = z.string().regex(/^[0-9a-z-]{1,64}$/)

/** What an entry says. Documents (owners, prices…) are whole and replace the one before. */
export const JournalBody = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('inventory'),
    import_id: importId,
    devices: rows(InventoryDevice),
    nodes: rows(NodePlace),
  }),
  z.strictObject({
    kind: z.literal('device_states'),
    import_id: importId,
    states: rows(DeviceStateInterval),
  }),
  z.strictObject({
    kind: z.literal('allocations'),
    import_id: importId,
    allocations: rows(Allocation),
    scopes: rows(AllocationScope),
  }),
  /** What the scheduler of a cluster says of its jobs since its last word; an entry without rows: nothing changed. */
  z.strictObject({
    kind: z.literal('scheduler_jobs'),
    cluster: text,
    /** New ones, and those of which something changed. */
    jobs: rows(SchedulerJob),
    /** Holders that it lists no more. */
    gone: rows(name),
  }),
  z.strictObject({ kind: z.literal('owners'), owners: rows(Owner) }),
  z.strictObject({
    kind: z.literal('prices'),
    lines: rows(PriceLine),
    currencies: rows(CurrencyRate),
    electricity: rows(ElectricityPrice),
  }),
  z.strictObject({ kind: z.literal('references'), references: rows(EfficiencyReference) }),
  z.strictObject({ kind: z.literal('contracts'), contracts: rows(Contract) }),
  z.strictObject({
    kind: z.literal('facility'),
    import_id: importId,
    sites: rows(SiteRow),
    meters: rows(MeterRow),
    loops: rows(LoopRow),
  }),
  /** What the evaluator decided: transitions with the messages they cause, in one entry, so that neither is without the other. */
  z.strictObject({
    kind: z.literal('alerts'),
    /** Grows with each evaluator that takes over. */
    epoch: z.int().min(0),
    /** Where reading stored events goes on; absent = as before. */
    cursor: z.string().max(512).optional(),
    transitions: rows(AlertTransition),
    notifications: rows(Notification),
    /** Alerts resolved long ago that nobody needs any more. */
    forgotten: rows(Fingerprint).default([]),
  }),
  z.strictObject({ kind: z.literal('alert_deliveries'), results: rows(DeliveryResult) }),
  z.strictObject({ kind: z.literal('alert_acks'), acks: rows(Acknowledgement) }),
  /** Silences that begin, or replace the one of the same id: one that ends early has its `to_ms` moved. */
  z.strictObject({ kind: z.literal('silences'), silences: rows(Silence) }),
  z.strictObject({ kind: z.literal('roster'), overrides: rows(RosterOverride) }),
  /** An observing rule may page from now on, or no longer; with the backtest that was accepted. */
  z.strictObject({
    kind: z.literal('rule_trust'),
    rule: name,
    trust: z.enum(['paging', 'observing']),
    because: z.string().max(1024),
  }),
  /** Notes on the time axis: new ones, and ids of those that are withdrawn; their entries stay. */
  z.strictObject({
    kind: z.literal('annotations'),
    annotations: rows(Annotation),
    withdrawn: rows(AnnotationId).default([]),
  }),
  /** Reports as they were issued: never changed, a later revision stands beside it. One an entry, for its size. */
  z.strictObject({ kind: z.literal('reports'), report: IssuedReport }),
  z.strictObject({ kind: z.literal('report_deliveries'), results: rows(ReportDelivery) }),
  /** Somebody wants a report sent now; who sends reads it. */
  z.strictObject({ kind: z.literal('report_sends'), send: ReportSend }),
  /** What reports need that nobody can measure. */
  z.strictObject({ kind: z.literal('cost_book'), book: CostBook }),
])
export type JournalBody = z.infer<typeof JournalBody>
export type JournalKind = JournalBody['kind']

/** One change, in the order it was made. */
export const JournalEntry = z.strictObject({
  /** 1, 2, 3… without a hole. */
  sequence: z.int().min(1),
  at_ms: epochMs,
  /** Name of a token, of a person a proxy vouched for, or `loopback`. */
  who: text,
  body: JournalBody,
})
export type JournalEntry = z.infer<typeof JournalEntry>

/** The log of what people change: appended by query, mirrored into tables by ingest. */
export interface Journal {
  /**
   * Resolves with the entry when it is durable. With `expectedLast` only if that is the last sequence so far, else
   * it rejects with E_JOURNAL_CHANGED: somebody else was faster. Rejects with E_JOURNAL_AWAY to try again later.
   */
  append(
    change: Omit<JournalEntry, 'sequence'>,
    options?: { readonly expectedLast?: number },
  ): Promise<JournalEntry>
  /** Entries from `sequence` on, oldest first, at most `limit`. */
  readFrom(sequence: number, limit: number): Promise<readonly JournalEntry[]>
  /** The last sequence, 0 when there is none. */
  last(): Promise<number>
}
