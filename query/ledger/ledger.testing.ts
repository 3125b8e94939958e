import { expect } from 'vitest'
import { NO_FACILITY } from '#schemas/facility.ts'
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import { startTestEngine } from '../../ingest/engine/engine.testing.ts'
import type { Store } from '../../ingest/store/store.ts'
import { fleetDeps } from '../fleet.ts'
import { HOUR_MS } from '../window.ts'
import type { LedgerDeps, MoneyDocuments } from './cells.ts'
import { EXAMPLE_FROM_MS } from './example.testing.ts'

const TABLES = [
  'samples',
  'devices',
  'device_aliases',
  'intervals',
  'revisions',
  'ledger_1m',
  'ledger_1m_group',
  'ledger_1h',
  'ledger_1d',
  'facility_15m',
  'meter_energy_15m',
  'samples_meter',
  'energy_15m',
]

/** Nothing was entered. */
export const NOTHING: MoneyDocuments = {
  prices: null,
  contracts: [],
  owners: [],
  facility: NO_FACILITY,
}
export const H100 = 'NVIDIA H100 80GB HBM3'
/** The hour of the worked example as a question. */
export const hour = {
  from: String(EXAMPLE_FROM_MS),
  to: String(EXAMPLE_FROM_MS + HOUR_MS),
  filters: [],
}
export const close = (value: number) => expect.closeTo(value, 9)

/** A line of the price book, in force for long unless it says otherwise. */
export const line = (
  per_hour: number,
  more: { model?: string; pool?: string; from_ms?: number } = {},
) => ({
  from_ms: EXAMPLE_FROM_MS - HOUR_MS,
  model: '',
  pool: '',
  per_hour,
  currency: 'USD',
  ...more,
})
export const prices = (...lines: ReturnType<typeof line>[]) => ({
  lines,
  currencies: [],
  electricity: [],
})

/** The ledger's answers over a real engine. */
export interface LedgerSite {
  readonly store: Store
  readonly health: { brokenGroups: number }
  documents: MoneyDocuments
  /** One hour after the example began, until a test moves it. */
  nowMs: number
  deps(): LedgerDeps
  /** Empties the tables and forgets the documents. */
  reset(): Promise<void>
  stop(): Promise<void>
}

export async function startLedgerSite(): Promise<LedgerSite> {
  const engine = await startTestEngine({ migrated: true })
  const health = { brokenGroups: 0 }
  const site: LedgerSite = {
    store: engine.store,
    health,
    documents: NOTHING,
    nowMs: EXAMPLE_FROM_MS + HOUR_MS,
    deps: () => ({
      ...fleetDeps({
        reader: engine.reader,
        clock: () => site.nowMs,
        timeZone: 'Asia/Shanghai',
        simulated: false,
      }),
      documents: () => Promise.resolve(site.documents),
      models: modelCatalogue(BUILT_IN_MODELS),
      health,
    }),
    async reset() {
      site.documents = NOTHING
      site.nowMs = EXAMPLE_FROM_MS + HOUR_MS
      health.brokenGroups = 0
      for (const table of TABLES) await engine.store.command(`TRUNCATE TABLE ${table}`)
    },
    stop: () => engine.stop(),
  }
  return site
}
