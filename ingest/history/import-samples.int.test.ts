import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { createLedger } from '../settle/ledger.ts'
import { createLocalDays } from '../settle/local-day.ts'
import type { Store } from '../store/store.ts'
import { historyFile } from './file.ts'
import { runImport } from './import-job.ts'
import { importDeviceSamples } from './import-samples.ts'
import { SamplesMap } from './map.ts'

const START = Date.UTC(2026, 4, 1)
const MINUTE = 60_000
const stamp = (minute: number) => new Date(START + minute * MINUTE).toISOString()
const TIME = { column: 'at', zone: 'UTC' } as const

describe('device samples out of a file', () => {
  let engine: TestEngine
  let folder: string
  beforeAll(async () => {
    engine = await startTestEngine({ migrated: true })
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-samples-'))
  })
  afterAll(async () => {
    await engine.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const importText = async (
    text: string,
    map: unknown,
    dataset: string,
    { store = engine.store, partRows }: { store?: Store; partRows?: number } = {},
  ) => {
    const path = join(folder, `${dataset}.csv`)
    await writeFile(path, text)
    const ledger = await createLedger(store, Date.now, { dayOf: createLocalDays('UTC') })
    const onProgress = () => undefined
    const deps = { store, ledger, clock: Date.now, timeZone: 'UTC', onProgress }
    const read = SamplesMap.parse(map)
    return runImport(deps, [await historyFile(path)], (file, onShare) =>
      importDeviceSamples(deps, file, {
        map: read,
        dataset,
        onShare,
        ...(partRows === undefined ? {} : { partRows }),
      }),
    )
  }
  const one = async (sql: string) => (await engine.store.query(sql))[0]
  const devicesOf = (dataset: string) =>
    `(SELECT device_id FROM devices WHERE canonical_key LIKE 'slot:${dataset}/%')`

  it('reads one column per device, and a row of five minutes as five samples of one', async () => {
    const text =
      'at;a;b\n2026-05-01 00:00;50;n/a\n2026-05-01 00:05;100;25\n2026-05-01 00:10;0;101\n'
    const map = {
      delimiter: ';',
      time: TIME,
      device_columns: { columns: ['a', 'b'], metric: 'gpu_util_ratio', unit: '%' },
    }
    const { files, minutesSettled } = await importText(text, map, 'wide')
    expect(files[0]).toMatchObject({ samples: 4 * 5, devices: 2, rows: 4 })
    expect(files[0]?.refused).toEqual(
      new Map([
        ['gpu_util_ratio: outside 0 to 1', 1],
        ['no value in the row', 2],
      ]),
    )
    expect(files[0]?.examples[1]).toMatch(/^wide\.csv:4: gpu_util_ratio: outside 0 to 1: "101"$/)
    expect(minutesSettled).toBe(15)
    const sums = await engine.store.query(
      `SELECT canonical_key AS key, sum(known_ms) AS known, sum(busy_ms_x1000) AS busy
       FROM ledger_1m INNER JOIN devices USING device_id
       WHERE device_id IN ${devicesOf('wide')} GROUP BY key ORDER BY key`,
    )
    expect(sums).toEqual([
      { key: 'slot:wide/a', known: String(15 * MINUTE), busy: String(7.5 * MINUTE * 1000) },
      // Its first row had no value: it is in capacity from its first sample on.
      { key: 'slot:wide/b', known: String(5 * MINUTE), busy: String(1.25 * MINUTE * 1000) },
    ])
  })

  it('says of every device what its row says, from the row on that changes it', async () => {
    const rows = Array.from({ length: 20 }, (_, minute) =>
      [stamp(minute), 'g0', minute < 12 ? 'ann' : 'bob', 0.5].join(','),
    )
    await importText(
      ['at,gpu,who,busy', ...rows].join('\n'),
      {
        time: TIME,
        device: { column: 'gpu' },
        dimensions: { tenant: { column: 'who' }, cluster: { constant: 'lab' } },
        metrics: { busy_ratio: { column: 'busy' } },
        busy_source: 'aicore',
      },
      'who',
    )
    const minutes = await engine.store.query(
      `SELECT tenant, count() AS minutes, any(busy_source) AS source FROM ledger_1m
       WHERE cluster = 'lab' GROUP BY tenant ORDER BY tenant`,
    )
    expect(minutes).toEqual([
      { tenant: 'ann', minutes: '12', source: 4 },
      { tenant: 'bob', minutes: '8', source: 4 },
    ])
  })

  it('stores every row once when a run is cut off between an insert and its mark', async () => {
    const [devices, minutes, partRows] = [10, 600, 2_500]
    const lines = ['at,gpu,watts']
    for (let minute = 0; minute < minutes; minute += 1)
      for (let gpu = 0; gpu < devices; gpu += 1)
        lines.push(`${stamp(minute)},g${gpu},${100 + ((gpu + minute) % 500)}`)
    const text = lines.join('\n')
    const map = {
      time: TIME,
      device: { column: 'gpu' },
      metrics: { power_watts: { column: 'watts', unit: 'W' } },
    }
    const cut: Store = {
      ...engine.store,
      insertJson: (table, rows, token) =>
        table === 'batches'
          ? Promise.reject(new Error('pulled out'))
          : engine.store.insertJson(table, rows, token),
    }
    await expect(importText(text, map, 'cut', { store: cut, partRows })).rejects.toThrow(
      'pulled out',
    )
    const done = await importText(text, map, 'cut', { partRows })
    expect(done.files[0]).toMatchObject({ samples: devices * minutes, stored: devices * minutes })
    const again = await importText(text, map, 'cut', { partRows })
    expect(again).toMatchObject({ minutesSettled: 0, files: [{ stored: 0 }] })
    const found = await one(
      `SELECT count() AS rows, uniqExact(device_id, ts) AS different FROM samples
       WHERE device_id IN ${devicesOf('cut')}`,
    )
    expect(found).toEqual({
      rows: String(devices * minutes),
      different: String(devices * minutes),
    })
  })

  it('says which file, line, column or unit is wrong', async () => {
    const map = { time: TIME, device: { column: 'gpu' }, metrics: { busy_ratio: { column: 'b' } } }
    const bad = (text: string, over: object = {}) => importText(text, { ...map, ...over }, 'bad')
    await expect(bad('')).rejects.toThrow('bad.csv is empty')
    await expect(bad('at,gpu,util\n', { step_ms: 1000 })).rejects.toThrow(
      'bad.csv:1: there is no column b; the columns are at, gpu, util',
    )
    await expect(bad(`at,gpu,b\nsoon,g0,1\n${stamp(0)},g0,2\n`, { step_ms: 1000 })).rejects.toThrow(
      /bad\.csv: no row could be used\s+bad\.csv:2: not a time: "soon"\s+bad\.csv:3: busy_ratio: outside 0 to 1: "2"/,
    )
    await expect(
      bad(`at,gpu,b\n${stamp(0)},g0,1\n`, {
        step_ms: 1000,
        metrics: { busy_ratio: { column: 'b', unit: 'W' } },
      }),
    ).rejects.toThrow('"W" is no unit of ratio; one of ratio, %')
    await expect(bad(`at,gpu,b\n${stamp(0)},g0,1\n`)).rejects.toThrow(
      'write step_ms into the mapping',
    )
    expect(() => SamplesMap.parse({ ...map, device: undefined })).toThrow(
      'give device or device_columns',
    )
  })
})
