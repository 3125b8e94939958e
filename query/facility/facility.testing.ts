import { type FacilityBook, LoopRow, MeterRow, NO_FACILITY, SiteRow } from '#schemas/facility.ts'
import type { Store } from '../../ingest/store/store.ts'
import { seedRows } from '../seed.testing.ts'
import { BUCKET_MS } from './periods.ts'

export const MJ_PER_KWH = 3_600_000_000

const dateTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
const dateTimeMs = (ms: number) => new Date(ms).toISOString().slice(0, 23).replace('T', ' ')

/** One settled bucket of a scope; what is left out is a complete one without losses. Energies in kWh. */
export interface SeedScope {
  readonly bucketMs: number
  readonly scope?: string
  readonly total?: number
  readonly it?: number
  readonly cooling?: number
  readonly distribution?: number
  readonly other?: number
  readonly totalKnownMs?: number
  readonly itKnownMs?: number
  readonly estimatedMs?: number
  readonly category?: number
  readonly flags?: number
  readonly faulty?: readonly string[]
  readonly revision?: number
}

const mj = (kwh: number) => Math.round(kwh * MJ_PER_KWH)

export async function seedScopes(store: Store, buckets: readonly SeedScope[]): Promise<void> {
  const rows = buckets.map((bucket) => ({
    bucket: dateTime(bucket.bucketMs),
    scope: bucket.scope ?? 'site',
    revision: bucket.revision ?? 1,
    category: bucket.category ?? 2,
    total_mj: mj(bucket.total ?? 0),
    total_known_ms: bucket.totalKnownMs ?? BUCKET_MS,
    total_expected_ms: BUCKET_MS,
    it_mj: mj(bucket.it ?? 0),
    it_known_ms: bucket.itKnownMs ?? BUCKET_MS,
    it_expected_ms: BUCKET_MS,
    cooling_mj: mj(bucket.cooling ?? 0),
    distribution_mj: mj(bucket.distribution ?? 0),
    other_mj: mj(bucket.other ?? 0),
    estimated_ms: bucket.estimatedMs ?? 0,
    flags: bucket.flags ?? 0,
    faulty: bucket.faulty ?? [],
    as_of: dateTimeMs(bucket.bucketMs + BUCKET_MS),
  }))
  await seedRows(store, 'facility_15m', rows)
}

export interface SeedMeterBucket {
  readonly bucketMs: number
  readonly meter: string
  readonly kwh: number
  readonly knownMs?: number
  readonly estimatedMs?: number
  readonly flags?: number
}

export async function seedMeterBuckets(
  store: Store,
  buckets: readonly SeedMeterBucket[],
): Promise<void> {
  const rows = buckets.map((bucket) => ({
    bucket: dateTime(bucket.bucketMs),
    meter: bucket.meter,
    revision: 1,
    energy_mj: mj(bucket.kwh),
    known_ms: bucket.knownMs ?? BUCKET_MS,
    estimated_ms: bucket.estimatedMs ?? 0,
    flags: bucket.flags ?? 0,
    as_of: dateTimeMs(bucket.bucketMs + BUCKET_MS),
  }))
  await seedRows(store, 'meter_energy_15m', rows)
}

export interface SeedReading {
  readonly atMs: number
  readonly meter: string
  readonly values: Readonly<Record<string, number>>
  readonly stepMs?: number
}

export async function seedReadings(store: Store, readings: readonly SeedReading[]): Promise<void> {
  const rows = readings.flatMap(({ atMs, meter, values, stepMs = 30_000 }, at) =>
    Object.entries(values).map(([metric, value]) => ({
      ts: dateTimeMs(atMs),
      meter,
      metric,
      step_ms: stepMs,
      log_position: at + 1,
      value,
      inserted_at: dateTimeMs(atMs + 1000),
    })),
  )
  await seedRows(store, 'samples_meter', rows)
}

/** Dated rows of a site, with everything that is not said as imports leave it. */
export function bookOf(given: {
  readonly site?: Partial<SiteRow>
  readonly meters?: readonly (Partial<MeterRow> & Pick<MeterRow, 'meter' | 'role' | 'level'>)[]
  readonly loops?: readonly (Omit<Partial<LoopRow>, 'design'> & {
    readonly loop: string
    readonly design?: Partial<LoopRow['design']>
  })[]
}): FacilityBook {
  const site = { site: 'one', it_level: 'pdu_output', from_ms: 0, ...given.site }
  return {
    ...NO_FACILITY,
    sites: [SiteRow.parse(site)],
    meters: (given.meters ?? []).map((row) => MeterRow.parse({ from_ms: 0, ...row })),
    loops: (given.loops ?? []).map((row) => LoopRow.parse({ from_ms: 0, units: [], ...row })),
  }
}
