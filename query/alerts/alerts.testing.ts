import { NO_FACILITY } from '#schemas/facility.ts'
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { startTestEngine } from '../../ingest/engine/engine.testing.ts'
import { SchedulerBook } from '#schemas/scheduler-book.ts'
import type { Store } from '../../ingest/store/store.ts'
import { facilityDeps } from '../facility/deps.ts'
import { fleetDeps } from '../fleet.ts'
import { seedRows } from '../seed.testing.ts'
import type { MoneyDocuments } from '../ledger/cells.ts'
import { createAlertFacts } from './facts.ts'
import type { SignalDeps } from './signal.ts'

/** What alerting asks, over a real engine with planted rows. */
export interface AlertSite {
  readonly store: Store
  nowMs: number
  documents: MoneyDocuments
  /** What schedulers told. */
  schedulers: SchedulerBook
  /** Fresh, without what was remembered. */
  deps(): SignalDeps
  facts(): ReturnType<typeof createAlertFacts>
  reset(): Promise<void>
  stop(): Promise<void>
}

const TABLES = [
  'revisions',
  'ledger_1m',
  'ledger_1m_group',
  'samples',
  'events',
  'device_spans',
  'span_sets',
  'devices',
  'node_facts',
  'pipeline_status',
  'pipeline_processes',
  'collector_status',
]

const NOTHING: MoneyDocuments = { prices: null, contracts: [], owners: [], facility: NO_FACILITY }

export async function startAlertSite(nowMs: number): Promise<AlertSite> {
  const engine = await startTestEngine({ migrated: true })
  const site: AlertSite = {
    store: engine.store,
    nowMs,
    documents: NOTHING,
    schedulers: new SchedulerBook(),
    deps: () => {
      const fleet = fleetDeps({
        reader: engine.reader,
        clock: () => site.nowMs,
        timeZone: 'Asia/Shanghai',
        simulated: false,
      })
      return facilityDeps({
        ...fleet,
        documents: () => Promise.resolve(site.documents),
        models: modelCatalogue(BUILT_IN_MODELS),
        health: { brokenGroups: 0 },
      })
    },
    facts: () => createAlertFacts(site.deps(), () => Promise.resolve(site.schedulers)),
    async reset() {
      site.nowMs = nowMs
      site.documents = NOTHING
      site.schedulers = new SchedulerBook()
      for (const table of TABLES) await engine.store.command(`TRUNCATE TABLE ${table}`)
    },
    stop: () => engine.stop(),
  }
  return site
}

/** A device as the newest spans have it. */
export interface SpanDevice {
  readonly id: number
  readonly node: string
  readonly rack?: string
  readonly vendor?: string
  readonly state?: number
  readonly job?: string
}

/** The set of spans in force, from the beginning of time to its end. */
export async function seedSpans(store: Store, devices: readonly SpanDevice[]): Promise<void> {
  const rows = devices.map(({ id, node, rack = 'r1', vendor = 'nvidia', state = 0, job = '' }) => ({
    set_id: 1,
    device_id: id,
    from_ms: 0,
    to_ms: 4_000_000_000_000,
    state,
    part_from: 0,
    part_to: 1_000_000,
    cluster: 'east',
    hall: 'h1',
    rack,
    pool: 'main',
    node,
    vendor,
    model: 'H100',
    tenant: job === '' ? '' : 'atlas',
    job,
    class: 'training',
    allocation_source: 'slurm',
    billing: 'paid',
    is_held: job === '' ? 0 : 1,
    reference_ppm: 0,
  }))
  await seedRows(store, 'device_spans', rows)
  await seedRows(store, 'span_sets', [
    { set_id: 1, from_ms: 0, to_ms: 4_000_000_000_000, is_open: 1 },
  ])
}
