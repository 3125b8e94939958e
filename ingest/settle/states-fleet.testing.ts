import type { ALLOCATION_SOURCES, IntervalKind } from '#schemas/ledger.ts'
import { ALLOCATION_SOURCES as SOURCES } from '#schemas/ledger.ts'
import { storedSample } from '../store/stored-sample.testing.ts'
import type { Store } from '../store/store.ts'

/** All that settling reads, as plain rows: what the store is filled from and what the oracle of states judges. */

type Source = Exclude<(typeof ALLOCATION_SOURCES)[number], 'telemetry' | 'none'>

export const OPEN_MS = Date.UTC(2100, 0, 1)

export interface Reading {
  readonly device: number
  readonly atMs: number
  readonly stepMs: number
  readonly position: number
  /** Single precision, like everything that a collector sends. */
  readonly busy: number | null
  readonly clock?: number | null
  readonly clockMax?: number | null
  /** Bits of clock_event_reasons. */
  readonly reasons?: number | null
  readonly tensor?: number | null
  readonly power?: number | null
}
/** Of rows with one key the highest version counts; one that ends where it begins is taken back. */
export interface StateInterval {
  readonly kind: IntervalKind
  readonly device: number
  readonly fromMs: number
  readonly toMs: number
  readonly version?: number
}
export interface Claim {
  readonly device: number
  readonly fromMs: number
  readonly toMs: number
  readonly source?: Source
  readonly holder: string
  readonly tenant?: string
  readonly account?: string
  readonly class?: string
  /** Millionths; 0 or absent = what others leave. */
  readonly share?: number
  readonly version?: number
}
export interface Scope {
  readonly source: Source
  readonly cluster: string
  readonly node?: string
  readonly fromMs: number
  readonly toMs: number
}
/** `device` 0 = all devices of the node. */
export interface Place {
  readonly device: number
  readonly node: string
  readonly fromMs: number
  readonly cluster?: string
  readonly hall?: string
  readonly rack?: string
  readonly pool?: string
}
export interface Reference {
  readonly class: string
  readonly model: string
  readonly fromMs: number
  readonly ppm: number
}
export interface Told {
  readonly device: number
  readonly atMs: number
  readonly node: string
  readonly cluster: string
  readonly rack?: string
  readonly vendor?: string
  readonly model?: string
  readonly tenant?: string
  readonly job?: string
  readonly namespace?: string
  readonly pod?: string
  readonly class?: string
}
export interface Edge {
  /** 0 = of the collector. */
  readonly device: number
  readonly atMs: number
  readonly collector: string
  readonly type: string
  readonly code?: string
  readonly severity: string
  readonly edge: 'open' | 'closed' | 'point'
}
export interface Fleet {
  readonly readings: readonly Reading[]
  readonly intervals: readonly StateInterval[]
  readonly claims: readonly Claim[]
  readonly scopes: readonly Scope[]
  readonly places: readonly Place[]
  readonly references: readonly Reference[]
  readonly told: readonly Told[]
  readonly edges: readonly Edge[]
}

export const EMPTY_FLEET: Fleet = {
  readings: [],
  intervals: [],
  claims: [],
  scopes: [],
  places: [],
  references: [],
  told: [],
  edges: [],
}

const iso = (ms: number) => new Date(ms).toISOString()

const sampleRow = (one: Reading) =>
  storedSample({
    ts: iso(one.atMs),
    device_id: one.device,
    step_ms: one.stepMs,
    log_position: one.position,
    busy_source: 1,
    busy_ratio: one.busy,
    power_watts: one.power ?? null,
    tensor_active_ratio: one.tensor ?? null,
    sm_clock_hertz: one.clock ?? null,
    sm_clock_max_hertz: one.clockMax ?? null,
    clock_event_reasons: one.reasons ?? null,
  })
const intervalRow = (one: StateInterval) => ({
  kind: one.kind,
  device_id: one.device,
  from_at: iso(one.fromMs),
  to_at: iso(one.toMs),
  reason: 'inventory',
  detail: '',
  version: one.version ?? 1,
})
const claimRow = (one: Claim) => ({
  device_id: one.device,
  from_at: iso(one.fromMs),
  to_at: iso(one.toMs),
  source: one.source ?? 'slurm',
  source_rank: SOURCES.indexOf(one.source ?? 'slurm'),
  holder: one.holder,
  job: '',
  tenant: one.tenant ?? '',
  account: one.account ?? '',
  class: one.class ?? '',
  billing: 'internal',
  confidence: 'exact',
  share_ppm: one.share ?? 0,
  version: one.version ?? 1,
  inserted_at: iso(one.fromMs),
})
const scopeRow = (one: Scope) => ({
  source: one.source,
  cluster: one.cluster,
  node: one.node ?? '',
  from_at: iso(one.fromMs),
  to_at: iso(one.toMs),
  version: 1,
  inserted_at: iso(one.fromMs),
})
const placeRow = (one: Place) => ({
  device_id: one.device,
  node: one.node,
  from_at: iso(one.fromMs),
  site: '',
  cluster: one.cluster ?? '',
  hall: one.hall ?? '',
  rack: one.rack ?? '',
  pool: one.pool ?? '',
  version: 1,
  inserted_at: iso(one.fromMs),
})
const toldRow = (one: Told) => ({
  device_id: one.device,
  at: iso(one.atMs),
  canonical_key: `uuid:${one.device}`,
  node: one.node,
  vendor: one.vendor ?? 'nvidia',
  model: one.model ?? 'H100',
  cluster: one.cluster,
  rack: one.rack ?? '',
  tenant: one.tenant ?? '',
  job: one.job ?? '',
  namespace: one.namespace ?? '',
  pod: one.pod ?? '',
  class: one.class ?? '',
  log_position: one.atMs,
})
const edgeRow = (one: Edge) => ({
  at: iso(one.atMs),
  device_id: one.device,
  cluster: 'c',
  collector: one.collector,
  node: 'n',
  source: 'test',
  type: one.type,
  code: one.code ?? '',
  severity: one.severity,
  edge: one.edge,
  message: '',
  log_position: 1,
})

/** Stores these rows beside what is there. `token` makes the insert a different one from all others. */
export async function storeFleet(
  store: Store,
  fleet: Partial<Fleet>,
  token: string,
): Promise<void> {
  const { readings, intervals, claims, scopes, places, references, told, edges } = {
    ...EMPTY_FLEET,
    ...fleet,
  }
  const tables = {
    samples: readings.map(sampleRow),
    intervals: intervals.map(intervalRow),
    allocations: claims.map(claimRow),
    allocation_scopes: scopes.map(scopeRow),
    places: places.map(placeRow),
    efficiency_references: references.map((one) => ({
      class: one.class,
      model: one.model,
      from_at: iso(one.fromMs),
      effective_ppm: one.ppm,
      version: 1,
    })),
    devices: told.map(toldRow),
    events: edges.map(edgeRow),
  }
  for (const [table, rows] of Object.entries(tables))
    if (rows.length > 0) await store.insertJson(table, rows, token)
}

/** Tables that a fleet is stored in, and what settling makes of them: emptied between the runs of a property. */
export async function clearFleet(store: Store): Promise<void> {
  for (const table of [
    'samples',
    'intervals',
    'allocations',
    'allocation_scopes',
    'places',
    'efficiency_references',
    'devices',
    'events',
    'ledger_1m',
    'ledger_1m_group',
    'ledger_1h',
    'ledger_1h_node',
    'ledger_1d',
    'ledger_1d_node',
    'revisions',
    'restatements',
    'ledger_moves',
    'ledger_passes',
    'device_spans',
    'span_sets',
  ])
    await store.command(`TRUNCATE TABLE ${table}`)
}
