import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { modelCatalogue } from '#schemas/models/model.ts'
import type { Store } from '../store/store.ts'
import { storedSample } from '../store/stored-sample.testing.ts'
import { silent } from '../worker/ingest.testing.ts'
import type { OracleReading, OracleRow, OracleSpan } from './energy-oracle.testing.ts'
import { createEnergySettling, type EnergySettling } from './settle-energy.ts'

export const H100 = 'NVIDIA H100 80GB HBM3'
export const TWO_DIES = 'Ascend 910C'
export const TWO_ENTRIES = 'MLU370-X8'

/** What a test says of a device beside its readings; the rest is a plain H100. */
export interface ToldDevice {
  readonly device: number
  readonly model?: string
  readonly parent?: number
  readonly index?: number
  readonly bus?: string
  readonly serial?: string
}

export interface StoredFleet {
  readonly readings: readonly OracleReading[]
  readonly spans: readonly OracleSpan[]
  readonly devices: readonly ToldDevice[]
}

const iso = (ms: number) => new Date(ms).toISOString()
export const SET_ID = 7

export async function clearEnergy(store: Store): Promise<void> {
  for (const table of ['samples', 'devices', 'device_spans', 'energy_15m', 'revisions'])
    await store.command(`TRUNCATE TABLE ${table}`)
}

let token = 0

export async function storeReadings(
  store: Store,
  readings: readonly OracleReading[],
): Promise<void> {
  token += 1
  const rows = readings.map((one) =>
    storedSample({
      ts: iso(one.atMs),
      device_id: one.device,
      step_ms: one.stepMs,
      log_position: one.position,
      busy_source: 1,
      power_watts: one.powerMw === null ? null : one.powerMw / 1000,
      energy_joules_total: one.energyMj === null ? null : one.energyMj / 1000,
    }),
  )
  await store.insertJson('samples', rows, `energy-samples-${token}`)
}

/** Samples, descriptions, and the spans as one set: a held and a free half of each, which must not count twice. */
export async function storeEnergyFleet(store: Store, fleet: StoredFleet): Promise<void> {
  await storeReadings(store, fleet.readings)
  const modelOf = new Map(fleet.devices.map(({ device, model }) => [device, model ?? H100]))
  const devices = fleet.devices.map(({ device, parent, index, bus, serial }) => ({
    device_id: device,
    at: iso(0),
    node: 'n1',
    vendor: 'v',
    model: modelOf.get(device),
    device_index: index ?? -1,
    bus: bus ?? '',
    parent_id: parent ?? 0,
    labels: serial === undefined ? {} : { serial },
    cluster: 'c1',
  }))
  await store.insertJson('devices', devices, `energy-devices-${token}`)
  const spans = fleet.spans.flatMap((span) =>
    [0, 500_000].map((part) => ({
      set_id: SET_ID,
      device_id: span.device,
      from_ms: span.fromMs,
      to_ms: span.toMs,
      part_from: part,
      part_to: part + 500_000,
      job: part === 0 ? 'j' : '',
      cluster: 'c1',
      rack: span.rack,
      node: 'n1',
      vendor: 'v',
      model: modelOf.get(span.device),
    })),
  )
  await store.insertJson('device_spans', spans, `energy-spans-${token}`)
}

/** Settling of energy by the stored set of spans, at a moment long after all of it. */
export function energySettling(
  store: Store,
  clock: () => number,
  minutesAsOf: ReadonlyMap<number, number> = new Map(),
): Promise<EnergySettling> {
  return createEnergySettling({
    store,
    spans: { setFor: () => Promise.resolve(SET_ID) },
    models: modelCatalogue(BUILT_IN_MODELS),
    clock,
    log: {
      ...silent,
      warn(message, facts) {
        throw new Error(`${message}: ${JSON.stringify(facts)}`)
      },
    },
    fence: null,
    minutesAsOf,
    rawRetentionMs: 30 * 86_400_000,
  })
}

const COLUMNS = `devices, capacity_ms, energy_mj, counter_mj, counter_ms, power_mj, power_ms, both_ms, both_counter_mj,
  both_power_mj, bridged_mj, bridged_ms, bridged_from_ms, bridged_to_ms, resets, rejected, gaps_ms`

/** The published rows of a bucket by `rack/model`. */
export async function energyRows(store: Store, bucketMs: number): Promise<Map<string, OracleRow>> {
  const rows = await store.query(
    `SELECT concat(rack, '/', model) AS key, ${COLUMNS} FROM energy_15m
     WHERE bucket = fromUnixTimestamp64Milli({at:Int64}, 'UTC')
       AND (bucket, revision) IN
         (SELECT bucket, max(revision) FROM revisions WHERE resolution = '15m-energy' GROUP BY bucket)`,
    { at: bucketMs },
  )
  return new Map(
    rows.map((row) => {
      const { key, ...figures } = Object(row)
      return [
        String(key),
        Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value)])),
      ]
    }),
  )
}
