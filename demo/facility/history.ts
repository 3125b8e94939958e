import type { Clock } from '#schemas/role.ts'
import type { Store } from '../../ingest/store/store.ts'
import { meterBlocks, type MeterRow } from '../../ingest/worker/meter-rows.ts'
import type { FleetTick } from '../fleet/state.ts'
import { createInserts } from '../inserts.ts'
import type { FacilityModel } from './model.ts'
import { energyReadings, type PointReading, sensorReadings } from './readings.ts'

export interface FacilityHistoryOptions {
  readonly store: Pick<Store, 'insertNative'>
  readonly facility: FacilityModel
  readonly clock: Clock
  /** Start of the live fleet, epoch ms. */
  readonly toMs: number
}

/** The site's part of a history: told of every tick, it stores what meters and cooling units showed. */
export interface FacilityHistory {
  follow(tick: FleetTick): void
  /** Stores what has come together, if it is enough. */
  write(): Promise<void>
  /** Stores the rest. */
  finish(): Promise<void>
}

const MINUTE = 60_000
/** Newest part that is kept by the minute; before it every five minutes, sensors every quarter of an hour. */
const FINE_MS = 6 * 3_600_000
const COARSE_ENERGY_MS = 5 * MINUTE
const COARSE_SENSORS_MS = 15 * MINUTE
const BLOCK_ROWS = 100_000

/** Readings of a history lie on edges of buckets, so that a bucket's energy is exact. */
export function createFacilityHistory(options: FacilityHistoryOptions): FacilityHistory {
  const { store, facility, clock, toMs } = options
  const fineFromMs = Math.floor((toMs - FINE_MS) / COARSE_SENSORS_MS) * COARSE_SENSORS_MS
  const inserts = createInserts()
  let rows: MeterRow[] = []

  const push = (readings: readonly PointReading[], atMs: number, stepMs: number) => {
    for (const { meter, metrics } of readings)
      for (const [metric, value] of Object.entries(metrics))
        if (value !== null && value !== undefined)
          rows.push({ atMs, meter, metric, stepMs, logPosition: 0, value })
  }
  async function flush(): Promise<void> {
    const [first] = rows
    if (first === undefined) return
    const blocks = meterBlocks(rows, clock())
    rows = []
    for (const [part, { columns, rows: count }] of blocks.entries())
      await inserts.run(() =>
        store.insertNative('samples_meter', columns, count, `demo-meters:${first.atMs}:${part}`),
      )
  }

  return {
    follow(tick) {
      facility.advance(tick, null)
      const { atMs } = tick
      if (atMs % MINUTE !== 0) return
      const isFine = atMs >= fineFromMs
      const moment = facility.now()
      const [energyMs, sensorsMs] = isFine
        ? [MINUTE, MINUTE]
        : [COARSE_ENERGY_MS, COARSE_SENSORS_MS]
      if (atMs % energyMs === 0) push(energyReadings(facility), atMs, energyMs)
      if (atMs % sensorsMs === 0 && moment !== null)
        push(sensorReadings(facility, moment), atMs, sensorsMs)
    },
    async write() {
      if (rows.length >= BLOCK_ROWS) await flush()
    },
    async finish() {
      await flush()
      await inserts.done()
    },
  }
}
