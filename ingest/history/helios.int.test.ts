import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import {
  compareHelios,
  expectedRows,
  heliosAnswers,
  type HeliosAnswers,
  heliosFiles,
  heliosQuartiles,
  importHelios,
  isHeliosHere,
} from './helios.testing.ts'

/**
 * All clusters for a day, 1.2 million device minutes, and a small one for the month, 0.7 million: what CI has time for.
 * All of them for the month are 38 million: npm run bench -- helios.
 */
const DAY_MINUTES = 1440
const WHOLE_MONTH = ['vcJLV']

if (!isHeliosHere)
  console.warn('shared/traces is not beside the checkout: the Helios figures are not compared')

describe.skipIf(!isHeliosHere)('Helios, all 16 virtual clusters on 1 May', () => {
  let engine: TestEngine
  let folder: string
  let answers: HeliosAnswers
  const paths: string[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-helios-'))
    for (const path of heliosFiles()) {
      const lines = gunzipSync(readFileSync(path)).toString().split('\n')
      const cut = join(folder, basename(path))
      await writeFile(cut, gzipSync(lines.slice(0, 1 + DAY_MINUTES).join('\n')))
      paths.push(cut)
    }
    engine = await startTestEngine({ migrated: true })
    const { files } = await importHelios(engine.store, paths)
    expect(files.reduce((sum, { devices }) => sum + devices, 0)).toBe(856)
    answers = heliosAnswers(engine.reader)
  }, 120_000)
  afterAll(async () => {
    await engine.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('gives every GPU-hour of every cluster and of the fleet to the last digit', async () => {
    const pools = new Set(expectedRows('helios_vc_month.csv').map((row) => row['vc'] ?? ''))
    const { lines, differences } = await compareHelios(answers, { pools, days: 1, isFleet: true })
    expect(differences).toEqual([])
    // The files list 11 clusters; the fleet is all 16.
    expect(lines).toBe(11 + 1)
  })

  it('puts every device-second into one state: held time is productive, the rest unallocated', async () => {
    const [row] = await engine.store.query(
      `SELECT sum(capacity_ms) = sum(unallocated_ms) + intDiv(sum(productive_ms_x1000), 1000) AS is_whole,
         sum(productive_ms_x1000) = sum(busy_ms_x1000) AS is_held_busy,
         sum(allocated_known_ms) = sum(capacity_ms) AS is_known, any(allocation_source) AS source
       FROM ledger_1m`,
    )
    expect(row).toEqual({ is_whole: 1, is_held_busy: 1, is_known: 1, source: 'import' })
  })

  it('changes nothing when the same files come again', async () => {
    const again = await importHelios(engine.store, paths.slice(0, 3))
    expect(again.minutesSettled).toBe(0)
    expect(again.files.every(({ stored, samples }) => stored === 0 && samples > 0)).toBe(true)
    const [row] = await engine.store.query('SELECT count() AS rows FROM samples')
    expect(row).toEqual({ rows: String(856 * DAY_MINUTES) })
  })
})

describe.skipIf(!isHeliosHere)('Helios, a virtual cluster over the whole month', () => {
  let engine: TestEngine
  let answers: HeliosAnswers
  beforeAll(async () => {
    engine = await startTestEngine({ migrated: true })
    await importHelios(engine.store, heliosFiles(WHOLE_MONTH))
    answers = heliosAnswers(engine.reader)
  }, 120_000)
  afterAll(() => engine.stop())

  it('gives its days, ISO weeks and month to the last digit', async () => {
    const covered = { pools: new Set(WHOLE_MONTH), days: 31, isFleet: false }
    const { lines, differences } = await compareHelios(answers, covered)
    expect(differences).toEqual([])
    // Week 20 is in none of the files: 24 days, four weeks and the month.
    expect(lines).toBe(24 + 4 + 1)
  })

  it('gives its quartiles as published, without 10 May', async () => {
    const found = await heliosQuartiles(answers)
    for (const vc of WHOLE_MONTH) {
      const row = expectedRows('helios_vc_month.csv').find((one) => one['vc'] === vc)
      const expected = ['q1', 'median', 'q3'].map((name) => Number(row?.[`${name}_pct_excl_may10`]))
      for (const [at, value] of (found.get(vc) ?? []).entries())
        // The file rounds to 0.1 %, and what it was made of to 0.1 % before.
        expect(Math.abs(value - (expected[at] ?? Number.NaN))).toBeLessThanOrEqual(0.1)
    }
    expect([...found.keys()].toSorted()).toEqual(WHOLE_MONTH.toSorted())
  })
})
