import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { energyOf, milliwattsOf, type PowerSample, wattHours } from '../energy/trapezoid.ts'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { createLedger } from '../settle/ledger.ts'
import { createLocalDays } from '../settle/local-day.ts'
import { historyFile } from './file.ts'
import { type FileReport, runImport } from './import-job.ts'
import { importNodeSamples } from './import-node-samples.ts'
import { SamplesMap } from './map.ts'

/** Wall power of whole servers, one line a second (shared/traces/EXPECTED.md section 2): read in place. */
const folder = join(import.meta.dirname, '../../../shared/traces/mlperf-power-v2.0')
const isHere = existsSync(folder)
if (!isHere) console.warn('shared/traces is not beside the checkout: MLPerf energy is not compared')

const EVER = { fromMs: 0, toMs: 8e15 }
/** Three intervals of a second. */
const GAP_MS = 3_000
/** The one run with samples that the meter marked as failed. */
const WITH_SENTINELS = 'Fujitsu__GX2570M6_A100-SXM4-40GBx8_MaxQ__dlrm-99.9__Server.spl.txt.gz'

const mapOf = (node: string) =>
  SamplesMap.parse({
    header: false,
    scope: 'node',
    time: { column: 2, format: 'MM-DD-YYYY hh:mm:ss.SSS', zone: 'UTC' },
    dimensions: { node: { constant: node } },
    metrics: { node_power_watts: { column: 4, unit: 'W' } },
  })

/** Rows of runs.csv; the one column with commas in it stands in quotes. */
function runs(): Map<string, Readonly<Record<string, string>>> {
  const lines = readFileSync(join(folder, 'runs.csv'), 'utf8').trim().split(/\r?\n/)
  const cells = (line: string) =>
    [...line.matchAll(/("[^"]*"|[^,]*)(?:,|$)/g)].map((found) => found[1] ?? '')
  const names = cells(lines[0] ?? '')
  const rows = lines.slice(1).map((line) => {
    const fields = cells(line)
    return Object.fromEntries(names.map((name, at) => [name, fields[at] ?? '']))
  })
  return new Map(rows.map((row) => [basename(row['file'] ?? ''), row]))
}

const Row = z.object({ at_ms: z.coerce.number(), watts: z.number(), step_ms: z.number() })
const Mean = z.tuple([z.object({ mean: z.number(), samples: z.coerce.number() })])
const utc = (text = '') => Date.parse(`${text.replace(' ', 'T').slice(0, 23)}Z`)

describe.skipIf(!isHere)('MLPerf power logs as node samples', () => {
  let engine: TestEngine
  const expected = isHere ? runs() : new Map<string, Readonly<Record<string, string>>>()
  const reports = new Map<string, FileReport>()
  beforeAll(async () => {
    engine = await startTestEngine({ migrated: true })
    const { store } = engine
    const ledger = await createLedger(store, Date.now, { dayOf: createLocalDays('UTC') })
    const onProgress = () => undefined
    const deps = { store, ledger, clock: Date.now, timeZone: 'UTC', onProgress }
    const files = await Promise.all(
      [...expected.keys()].map((name) => historyFile(join(folder, 'spl', name))),
    )
    const done = await runImport(deps, files, (file, onShare) =>
      importNodeSamples(deps, file, { map: mapOf(file.name), dataset: 'mlperf', onShare }),
    )
    for (const report of done.files) reports.set(report.file, report)
  }, 60_000)
  afterAll(() => engine.stop())

  const stored = async (node: string): Promise<PowerSample[]> => {
    const rows = await engine.store.query(
      `SELECT toUnixTimestamp64Milli(ts) AS at_ms, value AS watts, step_ms FROM samples_node
       WHERE node = {node:String} AND metric = 'node_power_watts' ORDER BY ts`,
      { node },
    )
    return z
      .array(Row)
      .parse(rows)
      .map(({ at_ms, watts, step_ms }) => {
        expect(step_ms).toBe(1000)
        return { atMs: at_ms, milliwatts: milliwattsOf(watts) }
      })
  }
  const mean = (samples: readonly PowerSample[]) =>
    samples.reduce((sum, { milliwatts }) => sum + milliwatts, 0) / samples.length / 1000

  it('has the 19 runs', () => {
    expect(reports.size).toBe(19)
  })

  it('gives mean, window and energy of every run to the printed digits', async () => {
    for (const [name, run] of expected) {
      const all = await stored(name)
      const [begin, end] = [utc(run['power_begin']), utc(run['power_end'])]
      const window = all.filter(({ atMs }) => atMs >= begin && atMs <= end)
      const isWhole = name !== WITH_SENTINELS
      const found = {
        samples: all.length,
        mean: mean(all).toFixed(6),
        windowSamples: window.length,
        windowMean: mean(window).toFixed(6),
        window: wattHours(energyOf(window, EVER, GAP_MS)).toFixed(4),
        energy: wattHours(energyOf(all, EVER, GAP_MS)).toFixed(4),
      }
      expect({ name, ...found }).toEqual({
        name,
        // Two of its samples are no readings: 1,409 of 1,411, and the mean without them.
        samples: isWhole ? Number(run['samples']) : 1409,
        mean: isWhole ? run['mean_W'] : '2127.959830',
        windowSamples: Number(run['window_samples']),
        windowMean: run['window_mean_W'],
        window: run['window_trapz_Wh'],
        energy: isWhole ? run['trapz_energy_Wh'] : found.energy,
      })
    }
  })

  it('agrees with the mean that the store works out', async () => {
    for (const name of expected.keys()) {
      const rows = await engine.store.query(
        `SELECT sum(toInt64(round(value * 1000))) / count() / 1000 AS mean, count() AS samples
         FROM samples_node WHERE node = {node:String}`,
        { node: name },
      )
      const [row] = Mean.parse(rows)
      expect(row.mean.toFixed(6)).toBe(mean(await stored(name)).toFixed(6))
    }
  })

  it('refuses the markers of a meter that failed, and counts the energy over them and the gap once', async () => {
    const report = reports.get(WITH_SENTINELS)
    expect(report?.refused.get('node_power_watts: outside 0 to 200000')).toBe(2)
    expect(report?.examples[0]).toContain('-2.000000')
    const samples = await stored(WITH_SENTINELS)
    const [first, last] = [samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0]
    const energy = energyOf(samples, EVER, GAP_MS)
    // No second is missing and none counts twice: the gaps are shorter than three intervals.
    expect(energy.knownMs).toBe(last - first)
    const naive = Number(expected.get(WITH_SENTINELS)?.['trapz_energy_Wh'])
    // With the two samples of -2 W the file loses about 2.1 kW for a second each.
    expect(wattHours(energy) - naive).toBeGreaterThan(0)
    expect(wattHours(energy) - naive).toBeLessThan((2 * 2.1 * 3400) / 3600)
  })

  it('stores nothing when the same file comes again', async () => {
    const { store } = engine
    const deps = {
      store,
      ledger: await createLedger(store, Date.now, { dayOf: createLocalDays('UTC') }),
      clock: Date.now,
      timeZone: 'UTC',
      onProgress: () => undefined,
    }
    const file = await historyFile(join(folder, 'spl', WITH_SENTINELS))
    const options = { map: mapOf(file.name), dataset: 'mlperf', onShare: () => undefined }
    const { report } = await importNodeSamples(deps, file, options)
    expect([report.stored, report.samples]).toEqual([0, 1409])
  })
})
