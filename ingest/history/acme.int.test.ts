import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { deviceId } from '../identity/device-id.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { createLedger } from '../settle/ledger.ts'
import { createLocalDays } from '../settle/local-day.ts'
import { historyFile } from './file.ts'
import { quantile } from './helios.testing.ts'
import { type ImportReport, runImport } from './import-job.ts'
import { importDeviceSamples } from './import-samples.ts'
import { SamplesMap } from './map.ts'

/**
 * Distributions of two fleets as 1,000 points each (shared/traces/EXPECTED.md section 3): a minute per point, one
 * device per cluster, through the importer and back.
 */
const file = join(import.meta.dirname, '../../../shared/traces/acme-nsdi24/acme_quantiles_long.csv')
const isHere = existsSync(file)
if (!isHere) console.warn('shared/traces is not beside the checkout: quantiles are not compared')

const CLUSTERS = ['seren', 'kalos'] as const
/** Series of the file -> where it is stored, and what one of the file's units is there. */
const SERIES = {
  gpu_util: { metric: 'gpu_util_ratio', per: 100 },
  sm_active: { metric: 'sm_active_ratio', per: 100 },
  pipe_tensor_active: { metric: 'tensor_active_ratio', per: 100 },
  gpu_power: { metric: 'power_watts', per: 1 },
  gpu_temp: { metric: 'temperature_celsius', per: 1 },
} as const
type SeriesName = keyof typeof SERIES
const NAMES = Object.keys(SERIES).filter((name): name is SeriesName => Object.hasOwn(SERIES, name))
/** p25, p50, p75, p95 as EXPECTED.md prints them. */
const EXPECTED: Readonly<Record<(typeof CLUSTERS)[number], Record<SeriesName, readonly number[]>>> =
  {
    seren: {
      gpu_util: [0, 99, 99, 100],
      sm_active: [0, 50.1575, 73.0345, 85.0426],
      pipe_tensor_active: [0, 13.965, 20.3725, 30.4699],
      gpu_power: [66.2, 96.45, 290.2, 407.715],
      gpu_temp: [31, 39, 53, 65],
    },
    kalos: {
      gpu_util: [0, 98, 99, 100],
      sm_active: [0, 33.2625, 72.8415, 94.0605],
      pipe_tensor_active: [0, 9.313, 20.5457, 32.7748],
      gpu_power: [66.4, 101.4, 371.825, 413.015],
      gpu_temp: [30, 40, 51, 62],
    },
  }
const SHARES = [0.25, 0.5, 0.75, 0.95] as const
const START = Date.UTC(2023, 2, 1)

const MAP = SamplesMap.parse({
  time: { column: 'at', zone: 'UTC' },
  device: { column: 'cluster' },
  dimensions: { cluster: { column: 'cluster' } },
  metrics: {
    gpu_util_ratio: { column: 'gpu_util', unit: '%' },
    sm_active_ratio: { column: 'sm_active', unit: '%' },
    tensor_active_ratio: { column: 'pipe_tensor_active', unit: '%' },
    power_watts: { column: 'gpu_power', unit: 'W' },
    temperature_celsius: { column: 'gpu_temp', unit: 'C' },
  },
})

function points(): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
    const [cluster = '', metric = '', , , , value = ''] = line.split(',')
    const key = `${cluster}/${metric}`
    const known = found.get(key) ?? []
    known.push(Number(value))
    found.set(key, known)
  }
  return found
}

const Values = z.array(z.object({ value: z.number().nullable() }))
const Bins = z.tuple([z.object({ bins: z.array(z.coerce.number()) })])

describe.skipIf(!isHere)('Acme quantiles', () => {
  let engine: TestEngine
  let folder: string
  let report: ImportReport
  const source = isHere ? points() : new Map<string, number[]>()
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-acme-'))
    const rows = CLUSTERS.flatMap((cluster) =>
      Array.from({ length: 1000 }, (_, at) => [
        new Date(START + at * 60_000).toISOString(),
        cluster,
        ...NAMES.map((name) => source.get(`${cluster}/${name}`)?.[at]),
      ]),
    )
    const path = join(folder, 'points.csv')
    await writeFile(path, [['at', 'cluster', ...NAMES], ...rows].join('\n'))
    engine = await startTestEngine({ migrated: true })
    const { store } = engine
    const ledger = await createLedger(store, Date.now, { dayOf: createLocalDays('UTC') })
    const onProgress = () => undefined
    const deps = { store, ledger, clock: Date.now, timeZone: 'UTC', onProgress }
    report = await runImport(deps, [await historyFile(path)], (one, onShare) =>
      importDeviceSamples(deps, one, { map: MAP, dataset: 'acme', onShare }),
    )
  }, 60_000)
  afterAll(async () => {
    await engine.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const rawValues = async (cluster: string, name: SeriesName): Promise<number[]> => {
    const { metric, per } = SERIES[name]
    const id = deviceId(`slot:acme/${cluster}`)
    const rows = await engine.store.query(
      `SELECT ${metric} AS value FROM samples WHERE device_id = {id:UInt64} ORDER BY ts`,
      { id: String(id) },
    )
    return Values.parse(rows).map(({ value }) => (value ?? Number.NaN) * per)
  }

  it('stores every point, a minute each', () => {
    expect(report.files[0]).toMatchObject({ rows: 2000, samples: 2000, stored: 2000, devices: 2 })
    expect(report.files[0]?.refused).toEqual(new Map())
    expect(report.minutesSettled).toBe(1000)
  })

  it('come back within 0.1 from raw samples, every point and every printed quantile', async () => {
    for (const cluster of CLUSTERS)
      for (const name of NAMES) {
        const values = await rawValues(cluster, name)
        for (const [at, value] of (source.get(`${cluster}/${name}`) ?? []).entries())
          expect(Math.abs((values[at] ?? Number.NaN) - value)).toBeLessThan(0.1)
        const sorted = values.toSorted((a, b) => a - b)
        for (const [at, share] of SHARES.entries()) {
          const expected = EXPECTED[cluster][name][at] ?? Number.NaN
          expect(Math.abs(quantile(sorted, share) - expected)).toBeLessThanOrEqual(0.1)
        }
      }
  })

  it('come back within one bin from the histogram of the settled hours', async () => {
    for (const cluster of CLUSTERS) {
      const [{ bins }] = Bins.parse(
        await engine.store.query(
          `SELECT sumForEach(busy_histogram_ms) AS bins FROM ledger_1h WHERE cluster = {cluster:String}
             AND (bucket, revision) IN
               (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1h' GROUP BY bucket)`,
          { cluster },
        ),
      )
      const total = bins.reduce((sum, ms) => sum + ms, 0)
      expect(total).toBe(1000 * 60_000)
      for (const [at, share] of SHARES.entries()) {
        let below = 0
        const bin = bins.findIndex((ms) => (below += ms) >= share * total)
        const expected = EXPECTED[cluster].gpu_util[at] ?? Number.NaN
        expect(Math.abs(bin - Math.min(19, Math.floor(expected / 5)))).toBeLessThanOrEqual(1)
      }
    }
  })
})
